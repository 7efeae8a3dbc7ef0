// PAGEMAP_SCAN (6.7): ranges of pages by what their page-table entries are, coalesced by the kernel.
//
// Debian 12's headers are older than the call, so the request is laid out here after the kernel's documented
// ABI (ioctl_pagemap_scan(2)). Only the reading half is used: nothing is write-protected or cleared.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// Categories of a page-table entry, the kernel's numbers.
inline constexpr std::uint64_t page_is_present = 1u << 3;
inline constexpr std::uint64_t page_is_zero_page = 1u << 5;
inline constexpr std::uint64_t page_is_huge = 1u << 6;

// The kernel writes these; half-open [start, end).
struct ScannedRange {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t categories;
};

// Pages that are in every category of `required` and in none of `excluded`.
struct ScanFilter {
  std::uint64_t required = page_is_present;
  std::uint64_t excluded = 0;
};

// One scan from `range.start` on, until the end or until `found` is full; `reached` is where it stopped. The
// count of ranges, or -errno: ENOTTY on older kernels. `pagemap` is an open /proc/self/pagemap. O(page tables
// in the range).
long scan_pages(const SystemCalls&, int pagemap, AddressRange range, ScanFilter filter,
                std::span<ScannedRange> found, Address& reached);

}  // namespace shunt::os
