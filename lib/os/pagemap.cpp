// Reads /proc/self/pagemap, 64 bits a page: bit 63 present, bit 62 swapped.
#include "os/pagemap.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdint>

#include "os/memory.hpp"

namespace shunt::os {
namespace {

constexpr std::uint64_t present_or_swapped = std::uint64_t{3} << 62;
constexpr std::size_t entries_a_read = 512;

Result<std::size_t> scan_entries(const SystemCalls& kernel, long descriptor, AddressRange range) {
  std::uint64_t entries[entries_a_read];
  const std::size_t first = value(range.start) >> page_shift;
  std::size_t page = first;
  const std::size_t end = value(range.end()) >> page_shift;
  while (page < end) {
    const std::size_t wanted = std::min(entries_a_read, end - page) * sizeof(std::uint64_t);
    const long got = kernel(SYS_pread64, descriptor, entries, wanted, page * sizeof(std::uint64_t));
    if (got <= 0) return Error{"read of /proc/self/pagemap", errno_of(got), "mount /proc"};
    const std::size_t count = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < count; ++i) {
      if ((entries[i] & present_or_swapped) != 0) return (page + i - first) << page_shift;
    }
    page += count;
  }
  return range.bytes;
}

}  // namespace

Result<std::size_t> bytes_before_first_page(const SystemCalls& kernel, AddressRange range) {
  const long descriptor = kernel(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
  if (failed(descriptor)) return Error{"open of /proc/self/pagemap", errno_of(descriptor), "mount /proc"};
  Result<std::size_t> answer = scan_entries(kernel, descriptor, range);
  close_descriptor(kernel, static_cast<int>(descriptor));
  return answer;
}

}  // namespace shunt::os
