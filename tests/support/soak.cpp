// Repetitions and counts of a test program; see soak.hpp.
#include "support/soak.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <string>

#include "support/check.hpp"

namespace shunt::testing {
namespace {

struct Counts {
  std::mutex mutex;
  std::map<std::string, std::uint64_t, std::less<>> by_name;
};
Counts& counts() {
  static Counts all;
  return all;
}

// Of the repetition that runs. Threads of a test read it; it changes while none runs.
std::uint64_t current_repetition = 0;

}  // namespace

double soak_seconds() {
  const char* given = std::getenv("SHUNT_SOAK_SECONDS");
  return given != nullptr ? std::strtod(given, nullptr) : 0;
}

void record_count(std::string_view what, std::uint64_t n) {
  const std::lock_guard lock(counts().mutex);
  counts().by_name[std::string(what)] += n;
}

std::uint64_t seed_of_repetition(std::uint64_t repetition) {
  static const std::uint64_t first = [] {
    const char* given = std::getenv("SHUNT_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  }();
  return first + repetition;
}

std::uint64_t test_seed() { return seed_of_repetition(current_repetition); }

bool Soak::again() {
  const auto now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  if (elapsed >= soak_seconds()) return false;
  current_repetition = ++repetition_;
  if (now - printed_ >= std::chrono::seconds(10)) {
    printed_ = now;
    std::printf("soak: %.0f of %.0f s, %llu rounds done\n", elapsed, soak_seconds(),
                static_cast<unsigned long long>(repetition_));
    std::fflush(stdout);
  }
  return true;
}

void Soak::print_counts() const {
  const auto print = [](std::uint64_t n, const char* what) {
    std::printf("count: %llu %s\n", static_cast<unsigned long long>(n), what);
  };
  const std::lock_guard lock(counts().mutex);
  for (const auto& [what, n] : counts().by_name) print(n, what.c_str());
  if (soak_seconds() == 0) return;
  print(repetition_ + 1, "rounds");
  std::printf("seeds: %llu to %llu\n", static_cast<unsigned long long>(seed_of_repetition(0)),
              static_cast<unsigned long long>(seed_of_repetition(repetition_)));
}

}  // namespace shunt::testing
