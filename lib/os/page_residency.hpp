// Which pages hold physical memory, and which of it is huge.
//
// A PageReader scans with PAGEMAP_SCAN (6.7), chosen because a page known to be present was found and its
// absent neighbours were not; else it asks mincore in chunks. Nothing here faults a page in or changes one.
// Differences: PAGEMAP_SCAN leaves out the small zero page, which holds no memory of the process; mincore
// counts it. Swapped pages count in neither. The descriptor speaks of the process that opened it
// (fork_guard.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// Thread-safe: it keeps no state between calls.
class PageReader {
 public:
  enum class Method : std::uint8_t { Scan, Mincore };

  // Always succeeds: mincore needs nothing opened.
  static PageReader open(const SystemCalls&);
  // mincore even where the scan works: what the tests compare with.
  static PageReader open_mincore(const SystemCalls&);

  // Bytes of the page-aligned range that are in memory. Errors: ENOMEM (mincore) when part of it is not
  // mapped. Scan: O(page tables touched); mincore: O(range).
  Result<std::size_t> resident_bytes(AddressRange range) const;

  // Bit i of `bits` is set when the i-th 2 MiB of the range is one huge page. `range` is 2 MiB-aligned at
  // both ends and `bits` has a word for every 64 blocks. Without PAGEMAP_SCAN nothing is known: all bits 0,
  // known false.
  struct HugeBlocks {
    std::size_t count = 0;
    bool known = false;
  };
  Result<HugeBlocks> huge_blocks(AddressRange range, std::span<std::uint64_t> bits) const;

  Method method() const { return pagemap_.is_open() ? Method::Scan : Method::Mincore; }

 private:
  bool scan_tells_the_truth() const;
  Result<std::size_t> resident_by_scan(AddressRange range) const;
  Result<std::size_t> resident_by_mincore(AddressRange range) const;

  SystemCalls kernel_{};
  Descriptor pagemap_{};
};

// Resident set of the whole process from /proc/self/statm. The kernel batches this counter by CPU: it may be
// some hundred KiB off. Errors: the kernel's for reading /proc.
Result<std::size_t> resident_set_bytes(const SystemCalls&);

}  // namespace shunt::os
