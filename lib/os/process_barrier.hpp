// A fence of which one side pays for both: membarrier(2).
//
// Two threads that each write one place and then read the other's (a reader that says "I am inside" and looks
// at the heap, a reclaimer that takes something out of the heap and looks who is inside) need a full fence
// each. Where the kernel answers MEMBARRIER_CMD_PRIVATE_EXPEDITED (4.14), the frequent side needs none:
// light() only keeps the compiler from swapping the two, and run() has every running thread of this process
// execute a full fence, so that each light() is wholly before or wholly after it. Where the call is refused,
// both sides use full(): slower, and the same results (invariant 6). This says what the kernel answered; who
// uses which is the caller's.
#pragma once

#include <atomic>

#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

class ProcessBarrier {
 public:
  ProcessBarrier() = default;
  explicit ProcessBarrier(const SystemCalls& kernel) : kernel_(kernel) {}

  // Tells the kernel that this process will run() and tries once; whether it agreed to both. Thread-safe. 1
  // us, but the first time in a process that has threads already tens of milliseconds (the kernel waits until
  // every CPU has heard of it), so not for when a heap is opened.
  bool enroll() const;
  // membarrier(2): when it answers true, every other thread of the process has executed a full fence since
  // the call began, and so has the caller. False: refused, nothing is known of the others. Registers again
  // and tries once more on EPERM, which is what an image that was exec'ed without enroll() gets. Thread-safe.
  // 0.2 us with no other thread running, else an interrupt to each CPU that runs one.
  bool run() const;

  static void light() { std::atomic_signal_fence(std::memory_order_seq_cst); }  // pairs with run()
  static void full();

 private:
  SystemCalls kernel_{};
};

// ThreadSanitizer does not know standalone fences, and g++ says so: what Shunt orders by one never is what
// makes plain memory safe to touch (that is ordered through the accesses), so nothing is hidden from it.
#if defined(__GNUC__) && !defined(__clang__) && defined(__SANITIZE_THREAD__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
// seq_cst: pairs with every other full() and with run()
inline void ProcessBarrier::full() { std::atomic_thread_fence(std::memory_order_seq_cst); }
#if defined(__GNUC__) && !defined(__clang__) && defined(__SANITIZE_THREAD__)
#pragma GCC diagnostic pop
#endif

}  // namespace shunt::os
