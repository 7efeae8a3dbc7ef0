// How an object of a size and an alignment is allocated: a pure decision, and the answer to a request.
//
//   path     what                                        where
//   Small    < 32 KiB, alignment up to the granule       allocation buffers in Small regions
//   Aligned  < 32 KiB, alignment up to a page            allocation buffers in Aligned regions
//   Medium   up to half a region, alignment up to a page whole pages in Medium regions
//   Large    bigger, or alignment above a page           regions of its own, from the start of the first
//
// An alignment above the region size is refused: regions are not aligned to more. A large object of alignment
// above a page may be tiny and still has a region to itself.
#pragma once

#include <cstdint>
#include <span>

#include "base/heap_geometry.hpp"
#include "base/result.hpp"

namespace shunt {

// At least 8 of the smallest medium objects fit the smallest region.
inline constexpr std::size_t medium_threshold_bytes = std::size_t{32} << 10;

enum class AllocationPath : std::uint8_t { Small, Aligned, Medium, Large, Refused };

enum class Refusal : std::uint8_t {
  None,
  OutOfRegions,          // no Free region, or no run of Free regions that is long enough
  LargerThanHeap,        // would not fit if the heap were empty
  AlignmentAboveRegion,  // see above
  AlignmentNotPowerOfTwo,
};

struct AllocationClass {
  AllocationPath path = AllocationPath::Refused;
  Refusal refusal = Refusal::None;
  std::size_t bytes = 0;      // what the object takes: whole granules, or whole pages if Medium or Large
  std::size_t alignment = 0;  // at least the granule
  std::uint64_t regions = 0;  // what a Large one needs; 1 for the others
};

// Size 0 counts as 1; alignment 0 as none. Right for every size up to SIZE_MAX. O(1), pure. The same answer
// for the same object at every time, so that a release can ask again instead of storing it.
AllocationClass classify(const HeapGeometry&, std::size_t size, std::size_t alignment);

// classify().bytes of a request that was not refused, without the rest of the answer: for walks over all
// objects. O(1), pure.
inline std::size_t bytes_taken(const HeapGeometry& geometry, std::size_t size, std::size_t alignment) {
  if (size == 0) size = 1;
  const bool by_pages = size >= medium_threshold_bytes || alignment > page_bytes;
  return align_up(size, by_pages ? page_bytes : geometry.granule_bytes());
}

struct Allocation {
  Address address = Address::null;  // null if refused
  std::size_t bytes = 0;            // what was set aside, at least the size asked for
  Refusal refusal = Refusal::None;
  std::uint64_t regions_asked = 0;  // when refused: how many (contiguous) regions were looked for

  bool ok() const { return refusal == Refusal::None; }
  explicit operator bool() const { return ok(); }
};

// The refusal as an Error with advice in words; not for Refusal::None.
Error error_of(const Allocation&);
// One line with the numbers: how many regions were asked for, of what size, and what would be right. Written
// like snprintf; returns the bytes needed without the terminator.
std::size_t describe(const Allocation&, const HeapGeometry&, std::span<char> out);

}  // namespace shunt
