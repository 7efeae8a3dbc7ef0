// process_madvise on oneself over a vector of ranges, range by range where that is refused.
#include "os/drop_many.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <type_traits>

#include "os/descriptor.hpp"

namespace shunt::os {

// An AddressRange is what the kernel calls an iovec.
static_assert(sizeof(AddressRange) == sizeof(iovec) &&
              offsetof(AddressRange, start) == offsetof(iovec, iov_base) &&
              offsetof(AddressRange, bytes) == offsetof(iovec, iov_len) &&
              std::is_standard_layout_v<AddressRange>);

long drop_pages_of_many(const SystemCalls& kernel, std::span<const AddressRange> ranges) {
  const long self = kernel(SYS_pidfd_open, kernel(SYS_getpid), 0);
  if (failed(self)) return self;
  const Descriptor process(kernel, static_cast<int>(self));
  return kernel(SYS_process_madvise, process.number(), ranges.data(), ranges.size(), MADV_DONTNEED, 0);
}

}  // namespace shunt::os
