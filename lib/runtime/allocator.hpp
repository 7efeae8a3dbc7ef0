// Where a heap's objects come from: the shared side of allocation, and the counting of what is released.
//
// Keeps true: objects never overlap; each lies in a region of its path's kind (allocation.hpp); a region's
// live counter is the sum of its objects' bytes once the buffers in it are retired, and never less while they
// are open. Does not touch the heap's memory, does not free regions: release() says when a region may be, and
// the heap above drops its pages (RegionSpace::quarantine_if_empty, then release). Threads allocate through a
// Mutator each.
#pragma once

#include "region/region_space.hpp"
#include "runtime/allocation.hpp"
#include "runtime/allocation_buffer.hpp"
#include "runtime/open_regions.hpp"

namespace shunt {

class Allocator {
 public:
  static constexpr std::size_t buffer_bytes = std::size_t{32} << 10;

  // The space must outlive the allocator and stay where it is.
  explicit Allocator(RegionSpace&);
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  RegionSpace& space() { return space_; }
  const HeapGeometry& geometry() const { return space_.geometry(); }

  // An object of its own place, on any path and not through a buffer. O(1), or a claim. Thread-safe.
  Allocation allocate(const AllocationClass&);

  // A buffer of buffer_bytes, or a shorter one of at least `needed` at a region's end, for the Small or the
  // Aligned path. Not open when out of regions. Thread-safe.
  AllocationBuffer open_buffer(AllocationPath, std::size_t needed);
  // Takes the unused bytes off the live count. Closes the buffer. Thread-safe for different buffers.
  void retire_buffer(AllocationPath, AllocationBuffer&);

  // The object's bytes leave its region's live count. Size and alignment as they were asked for. What
  // cannot be an object of this heap (foreign, misaligned, in a region that holds nothing, more than lives
  // there) is a broken contract, as it is for free(3): it says so and aborts. True if the
  // region is not being allocated into and nothing lives in it now: a good time for
  // RegionSpace::quarantine_if_empty() with the region (the head, for a large object), which decides. Two
  // racing releases may both say true; a region that is emptied while still being allocated into is found by
  // RegionSpace::for_each_empty(). O(1), thread-safe.
  bool release(Address, std::size_t size, std::size_t alignment);

  // Every region that is being allocated into becomes Live. Before a compaction, after all mutators have
  // retired their buffers. Thread-safe.
  void retire_open_regions();

 private:
  OpenRegions& open_regions(AllocationPath);
  Allocation allocate_large(const AllocationClass&);

  RegionSpace& space_;
  OpenRegions small_;
  OpenRegions aligned_;
  OpenRegions medium_;
};

}  // namespace shunt
