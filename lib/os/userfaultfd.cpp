// The ioctls of userfaultfd, and the numbers of those that are newer than the headers.
#include "os/userfaultfd.hpp"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "os/memory.hpp"

// Debian 12's headers are older than UFFDIO_MOVE (6.8); these are the kernel's numbers.
#ifndef UFFDIO_MOVE
struct uffdio_move {
  __u64 dst;
  __u64 src;
  __u64 len;
  __u64 mode;
  __s64 move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES ((__u64)1 << 1)
#define UFFD_FEATURE_MOVE (1 << 16)
#endif

namespace shunt::os {

long open_userfaultfd(const SystemCalls& kernel) {
  const long descriptor = kernel(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  if (failed(descriptor)) return descriptor;
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_MOVE;
  const long answer = kernel(SYS_ioctl, descriptor, UFFDIO_API, &api);
  if (!failed(answer)) return descriptor;
  close_descriptor(kernel, static_cast<int>(descriptor));
  return answer;
}

long register_userfaultfd(const SystemCalls& kernel, int descriptor, AddressRange range) {
  uffdio_register request{};
  request.range = {value(range.start), range.bytes};
  request.mode = UFFDIO_REGISTER_MODE_WP;
  return kernel(SYS_ioctl, descriptor, UFFDIO_REGISTER, &request);
}

long unregister_userfaultfd(const SystemCalls& kernel, int descriptor, AddressRange range) {
  uffdio_range request{value(range.start), range.bytes};
  return kernel(SYS_ioctl, descriptor, UFFDIO_UNREGISTER, &request);
}

// A range of no bytes asks and changes nothing: a userfaultfd says EINVAL. A sandbox that has come to refuse
// the request says anything; then the name of the file decides.
bool is_userfaultfd(const SystemCalls& kernel, int descriptor) {
  const int code = errno_of(unregister_userfaultfd(kernel, descriptor, {}));
  if (code == EINVAL) return true;
  if (code == EBADF || code == ENOTTY) return false;
  char path[32];
  char name[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  const long length = kernel(SYS_readlinkat, AT_FDCWD, path, name, sizeof name);
  return !failed(length) &&
         std::string_view(name, static_cast<std::size_t>(length)) == "anon_inode:[userfaultfd]";
}

MoveAttempt move_pages(const SystemCalls& kernel, int descriptor, Address from, Address to,
                       std::size_t bytes) {
  uffdio_move request{};
  request.dst = value(to);
  request.src = value(from);
  request.len = bytes;
  request.mode = UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES;
  const long answer = kernel(SYS_ioctl, descriptor, UFFDIO_MOVE, &request);
  if (!failed(answer)) return {bytes, 0};
  // `.move` holds a count when part has moved and a negative errno, or nothing, when none has.
  return {request.move > 0 ? static_cast<std::size_t>(request.move) : 0, errno_of(answer)};
}

}  // namespace shunt::os
