// std::atomic with bad luck: before every access the thread may be sent to sleep or behind all others, so
// that on two processors, too, other threads come between any two steps of an operation.
//
// Which accesses are hit depends on the thread's seed alone; what happens then is up to the kernel's
// scheduler.
#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace shunt::testing {

// How often the calling thread is interrupted: once in `one_in` accesses on average; 0 is never.
class Disturbance {
 public:
  void begin(std::uint64_t seed, std::uint32_t one_in) {
    state_ = seed | 1;
    one_in_ = one_in;
  }
  void maybe_interrupt() {
    if (one_in_ == 0) return;
    state_ ^= state_ << 13;  // Marsaglia's xorshift64
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    if (state_ % one_in_ != 0) return;
    const std::uint64_t choice = (state_ >> 32) % 64;
    if (choice == 0) std::this_thread::sleep_for(std::chrono::microseconds(1));
    if (choice % 2 == 0) return spin(choice);
    sched_yield();
  }

  static Disturbance& of_this_thread() {
    static thread_local Disturbance mine;
    return mine;
  }

 private:
  static void spin(std::uint64_t turns) {
    for (std::uint64_t i = 0; i < turns * 8; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  std::uint64_t state_ = 1;
  std::uint32_t one_in_ = 0;
};

template <class T>
struct YieldingAtomic : std::atomic<T> {
  using Base = std::atomic<T>;
  using Base::Base;

  T load(std::memory_order order) const {
    Disturbance::of_this_thread().maybe_interrupt();
    return Base::load(order);
  }
  void store(T value, std::memory_order order) {
    Disturbance::of_this_thread().maybe_interrupt();
    Base::store(value, order);
  }
  T fetch_add(T n, std::memory_order order) {
    Disturbance::of_this_thread().maybe_interrupt();
    return Base::fetch_add(n, order);
  }
  bool compare_exchange_strong(T& expected, T next, std::memory_order done, std::memory_order refused) {
    Disturbance::of_this_thread().maybe_interrupt();
    return Base::compare_exchange_strong(expected, next, done, refused);
  }
  bool compare_exchange_weak(T& expected, T next, std::memory_order done, std::memory_order refused) {
    Disturbance::of_this_thread().maybe_interrupt();
    return Base::compare_exchange_weak(expected, next, done, refused);
  }
};

}  // namespace shunt::testing
