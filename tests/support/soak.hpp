// Long runs: `./dev soak` sets SHUNT_SOAK_SECONDS, and every test program then repeats all its cases, each
// time with the next seed, until that much time has passed or a case has failed. So a case with random
// choices needs to know nothing of it; one that has a long form of its own (a larger exploration) asks
// soak_seconds().
//
// Whatever a test wants counted is named to record_count() and printed at the end as `count: N WHAT`, which
// `./dev soak` adds up over the programs (soak.jq).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace shunt::testing {

// How long this program is to go on, all repetitions together; 0 in `./dev test`.
double soak_seconds();

// Thread-safe.
void record_count(std::string_view what, std::uint64_t n);

// The seed of this repetition: see check.hpp's test_seed().
std::uint64_t seed_of_repetition(std::uint64_t repetition);

// For main(): whether and how often to repeat.
class Soak {
 public:
  std::uint64_t repetition() const { return repetition_; }
  // Begins another repetition if there is time. Prints how far it is, not too often.
  bool again();
  // What was counted, and in a soak the rounds and the seeds.
  void print_counts() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t repetition_ = 0;
  Clock::time_point started_ = Clock::now(), printed_ = started_;
};

}  // namespace shunt::testing
