// The few regions of one kind that are being allocated into, shared by all threads of a heap.
//
// Keeps true: every region in here is Allocating, and only this object retires it. What is carved is counted
// as live before anybody else can see the region leave the Allocating state. A mutex guards it: small objects
// come here once a buffer (32 KiB), medium ones copy or zero at least that much, and a lock-free bump on a
// region that may meanwhile be retired, emptied and claimed for another purpose would need epochs. Not for
// use between fork and exec in a process with several threads.
#pragma once

#include <mutex>

#include "region/region_space.hpp"

namespace shunt {

class OpenRegions {
 public:
  // Medium objects may not fit the rest of one region and fit another's: a few slots waste less. At least 1,
  // at most `max_slots`.
  static constexpr unsigned max_slots = 4;
  OpenRegions(RegionSpace& space, RegionKind kind, unsigned slots)
      : space_(space), kind_(kind), slots_(slots) {}
  OpenRegions(const OpenRegions&) = delete;
  OpenRegions& operator=(const OpenRegions&) = delete;

  // `wanted` bytes, or what is left of a region if that is at least `needed`; counted as live. Claims a
  // region when none has room and retires the fullest for it. Empty when there is no Free region.
  // Thread-safe.
  AddressRange carve(std::size_t needed, std::size_t wanted, std::size_t alignment);

  // Takes [rest.start, rest.end()) back if nothing was carved behind it, so that it can be carved again. Does
  // not change the live count. Thread-safe.
  void give_back(AddressRange rest);

  // Every region here becomes Live. Thread-safe; buffers carved from them stay good.
  void retire_all();

 private:
  AddressRange carve_from(RegionIndex, std::size_t needed, std::size_t wanted, std::size_t alignment);
  unsigned slot_to_replace() const;
  void retire(unsigned slot);

  RegionSpace& space_;
  const RegionKind kind_;
  const unsigned slots_;
  std::mutex mutex_;
  ClaimHint hint_{static_cast<std::uint32_t>(kind_)};  // keeps apart from the threads that claim other kinds
  RegionIndex regions_[max_slots] = {RegionIndex::none, RegionIndex::none, RegionIndex::none,
                                     RegionIndex::none};
};

}  // namespace shunt
