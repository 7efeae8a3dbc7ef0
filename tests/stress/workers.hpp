// What the stress tests share: threads with a random source each, a list of what they found broken, and how
// much to do.
//
// Threads do not use doctest: they report() and the case checks at the end that nothing was. Each thread's
// choices follow from test_seed(); how the threads meet does not.
#pragma once

#include <cstdint>
#include <latch>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "stress/yielding_atomic.hpp"
#include "support/check.hpp"
#include "support/soak.hpp"

namespace shunt::testing {

inline constexpr unsigned stress_thread_counts[] = {2, 3, 8, 16, 64};

#ifdef __SANITIZE_THREAD__
inline constexpr unsigned slowness = 8;  // ThreadSanitizer makes each access cost several times as much
#else
inline constexpr unsigned slowness = 1;
#endif

// What was found broken, by any thread. Keeps the first few.
class Findings {
 public:
  void report(std::string what) {
    const std::lock_guard lock(mutex_);
    if (++count_ <= 5) text_ += what + "\n";
  }
  // For doctest: empty when nothing was found.
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0 ? "" : std::to_string(count_) + " broken:\n" + text_;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::string text_;
};

// A thread of a stress test: who it is, and its dice.
struct Worker {
  unsigned self;  // from 1: 0 is nobody
  std::mt19937_64 random;

  std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>(random() % n); }
  bool once_in(std::uint64_t n) { return random() % n == 0; }
  // Lets others run, now and then.
  void breathe() {
    if (once_in(32)) std::this_thread::yield();
  }
};

// Different for every seed, salt and thread.
inline std::uint64_t mixed_seed(std::uint64_t salt, unsigned thread) {
  std::seed_seq sequence{test_seed(), test_seed() >> 32, salt, std::uint64_t{thread}};
  std::uint32_t words[2];
  sequence.generate(words, words + 2);
  return std::uint64_t{words[0]} << 32 | words[1];
}

// Runs body(Worker&) in `count` threads, which begin together, and waits for all. One in `interrupted`
// accesses to a YieldingAtomic is interrupted.
template <class Body>
void run_workers(unsigned count, std::uint64_t salt, Body body, std::uint32_t interrupted = 8) {
  std::latch begin(count);
  std::vector<std::thread> threads;
  for (unsigned t = 1; t <= count; ++t) {
    threads.emplace_back([&, t] {
      Worker worker{t, std::mt19937_64(mixed_seed(salt, t))};
      Disturbance::of_this_thread().begin(worker.random(), interrupted);
      begin.arrive_and_wait();
      body(worker);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// `all` operations in all, dealt to `threads`: at least a few each.
inline unsigned steps_each(unsigned all, unsigned threads) {
  const unsigned each = all / slowness / threads;
  return each < 20 ? 20 : each;
}

}  // namespace shunt::testing
