// PAGEMAP_SCAN by the kernel's own numbers, which Debian 12's headers lack.
#include "os/pagemap_scan.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>

namespace shunt::os {
namespace {

struct PagemapScan {
  std::uint64_t size;
  std::uint64_t flags;
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t walk_end;
  std::uint64_t vector;
  std::uint64_t vector_length;
  std::uint64_t max_pages;
  std::uint64_t category_inverted;
  std::uint64_t category_mask;
  std::uint64_t category_anyof_mask;
  std::uint64_t return_mask;
};
static_assert(sizeof(PagemapScan) == 96);
static_assert(sizeof(ScannedRange) == 24);

constexpr unsigned long pagemap_scan = _IOWR('f', 16, PagemapScan);

}  // namespace

long scan_pages(const SystemCalls& kernel, int pagemap, AddressRange range, ScanFilter filter,
                std::span<ScannedRange> found, Address& reached) {
  PagemapScan request{};
  request.size = sizeof request;
  request.start = value(range.start);
  request.end = value(range.end());
  request.vector = reinterpret_cast<std::uint64_t>(found.data());
  request.vector_length = found.size();
  request.category_inverted = filter.excluded;
  request.category_mask = filter.required | filter.excluded;
  request.return_mask = filter.required;
  const long answer = kernel(SYS_ioctl, pagemap, pagemap_scan, &request);
  reached = Address{request.walk_end};
  return answer;
}

}  // namespace shunt::os
