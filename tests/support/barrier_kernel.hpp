// The running kernel, but for membarrier(2): counted, and refused when a test says so, in mid-run too.
//
// Thread-safe, unlike the simulated kernels of tests/os: readers and reclaimers run while it changes its
// mind.
#pragma once

#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>

#include "os/system_calls.hpp"

namespace shunt::testing {

struct BarrierKernel {
  std::atomic<int> refused_with = 0;     // errno for the barrier itself; 0: the kernel answers
  std::atomic<int> enrolling_heals = 0;  // with EPERM: registering makes the barrier work again
  std::atomic<int> enrolling_fails_with = 0;
  std::atomic<long> barriers = 0;
  std::atomic<long> enrollments = 0;

  os::SystemCalls calls() { return {&BarrierKernel::call, this}; }

 private:
  static long call(void* self, long number, const long (&a)[6]) {
    const os::SystemCalls real = os::SystemCalls::real();
    if (number != SYS_membarrier) return real.call(real.context, number, a);
    auto& kernel = *static_cast<BarrierKernel*>(self);
    const bool enrolls = a[0] == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    ++(enrolls ? kernel.enrollments : kernel.barriers);
    if (enrolls && kernel.enrolling_fails_with != 0) return -kernel.enrolling_fails_with;
    if (enrolls && kernel.enrolling_heals != 0) kernel.refused_with = 0;
    if (!enrolls && kernel.refused_with != 0) return -kernel.refused_with;
    return real.call(real.context, number, a);
  }
};

}  // namespace shunt::testing
