// Registering for membarrier(2) and calling it.
#include "os/process_barrier.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>

namespace shunt::os {
namespace {

bool register_process(const SystemCalls& kernel) {
  return kernel(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace

// Tried and not only registered: a sandbox may allow the one and refuse the other.
bool ProcessBarrier::enroll() const { return kernel_.call != nullptr && register_process(kernel_) && run(); }

bool ProcessBarrier::run() const {
  if (kernel_.call == nullptr) return false;
  full();  // pairs with full() in other threads, whatever the kernel says
  long answer = kernel_(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  if (errno_of(answer) == not_permitted && register_process(kernel_)) {
    answer = kernel_(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  }
  return answer == 0;
}

}  // namespace shunt::os
