// userfaultfd as Shunt uses it: a descriptor, one registration of a whole reservation, and UFFDIO_MOVE.
//
// The reservation is registered in write-protect mode only, and nothing is ever write-protected: ordinary
// faults stay ordinary and UFFDIO_MOVE becomes allowed on it (docs/kernel.md). A userfaultfd acts on the
// address space that opened it. A child of fork inherits the descriptor and would move its PARENT's pages:
// holders of one must ask ForkGuard (fork_guard.hpp) before every use. Sources: ioctl_userfaultfd(2),
// UFFDIO_MOVE in Linux 6.8.
#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// userfaultfd(O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY) and UFFDIO_API with the MOVE feature. A
// descriptor, or -errno: EPERM where a sandbox refuses, ENOSYS without the call, EINVAL on kernels
// before 6.8.
long open_userfaultfd(const SystemCalls&);

// UFFDIO_REGISTER in write-protect mode.
long register_userfaultfd(const SystemCalls&, int descriptor, AddressRange);
long unregister_userfaultfd(const SystemCalls&, int descriptor, AddressRange);

// Whether the number names a userfaultfd of whatever process: it may have been closed behind our back and be
// another file by now. Changes nothing. False also where the kernel will not say.
bool is_userfaultfd(const SystemCalls&, int descriptor);

// One UFFDIO_MOVE. `moved_bytes` is what the kernel says has moved, whole pages, also when it failed part of
// the way; `code` is 0 or the errno. Holes in the source are allowed: they stay holes at the destination.
struct MoveAttempt {
  std::size_t moved_bytes = 0;
  int code = 0;
};
MoveAttempt move_pages(const SystemCalls&, int descriptor, Address from, Address to, std::size_t bytes);

}  // namespace shunt::os
