// What the runtime tests share: a space and an allocator over real or fake memory, and a model that knows
// which addresses are taken.
#pragma once

#include <map>
#include <vector>

#include "os/memory.hpp"
#include "runtime/mutator.hpp"
#include "support/check.hpp"

namespace shunt::testing {

// Addresses at which nothing is mapped: for tests that never touch an object.
inline HeapGeometry fake_geometry(std::uint32_t region_count, unsigned region_shift = 21,
                                  unsigned granule_shift = 4) {
  return {Address{std::uintptr_t{1} << 44}, region_shift, granule_shift, region_count};
}

struct TestHeap {
  explicit TestHeap(const HeapGeometry& g)
      : space(RegionSpace::open(os::SystemCalls::real(), g).take()), allocator(space) {}

  // As the heap above will do it: drop the pages (none here) between quarantine and release.
  bool free_if_empty(RegionIndex r) { return space.quarantine_if_empty(r) && bool{space.release(r)}; }
  unsigned free_empty_regions() {
    unsigned freed = 0;
    space.for_each_empty([&](RegionIndex r) { freed += free_if_empty(r); });
    return freed;
  }

  RegionSpace space;
  Allocator allocator;
};

// Memory mapped for a heap, region-aligned.
class MappedMemory {
 public:
  explicit MappedMemory(std::size_t bytes, std::size_t alignment) : kernel_(os::SystemCalls::real()) {
    range_ = {Address{}, bytes + alignment};
    const long answer = os::map_anonymous(kernel_, Address::null, range_.bytes, os::Access::ReadWrite, false);
    REQUIRE_FALSE(os::failed(answer));
    range_.start = Address{static_cast<std::uintptr_t>(answer)};
    base_ = align_up(range_.start, alignment);
  }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory() { os::unmap(kernel_, range_); }
  Address base() const { return base_; }

 private:
  os::SystemCalls kernel_;
  AddressRange range_;
  Address base_;
};

// One object as the program asked for it.
struct ModelObject {
  Address address;
  std::size_t size;
  std::size_t alignment;
};

// The regions that an object of this class may be in.
inline RegionKind kind_for(AllocationPath path) {
  switch (path) {
    case AllocationPath::Small:
      return RegionKind::Small;
    case AllocationPath::Aligned:
      return RegionKind::Aligned;
    case AllocationPath::Medium:
      return RegionKind::Medium;
    default:
      return RegionKind::LargeHead;
  }
}

// Taken ranges by address; add() is false for an overlap, a wrong alignment, a wrong region or a border
// crossed.
class Model {
 public:
  explicit Model(const RegionSpace& space) : space_(space) {}

  bool add(const ModelObject& o) {
    const AllocationClass c = classify(space_.geometry(), o.size, o.alignment);
    const AddressRange range{o.address, c.bytes};
    const bool placed = is_aligned(o.address, c.alignment) && space_.geometry().range().contains(range) &&
                        space_.word(space_.geometry().region_of(o.address)).kind() == kind_for(c.path) &&
                        (c.path == AllocationPath::Large || stays_in_region(range));
    const auto above = taken_.lower_bound(range.start);
    if (above != taken_.end() && range.end() > above->first) return false;
    if (above != taken_.begin() && std::prev(above)->second > range.start) return false;
    taken_[range.start] = range.end();
    live_[space_.geometry().region_of(o.address)] += c.bytes;
    return placed;
  }
  void remove(const ModelObject& o) {
    taken_.erase(o.address);
    live_[space_.geometry().region_of(o.address)] -= classify(space_.geometry(), o.size, o.alignment).bytes;
  }
  // How many regions have a live counter that is not the sum of the model's objects there.
  unsigned wrong_counters() {
    unsigned wrong = 0;
    space_.for_each_used(
        [&](RegionIndex r, RegionWord) { wrong += space_.record(r).live_bytes() != live_[r]; });
    return wrong;
  }

 private:
  bool stays_in_region(AddressRange range) const {
    return space_.geometry().region_of(range.start) == space_.geometry().region_of(range.end() - 1);
  }

  const RegionSpace& space_;
  std::map<Address, Address> taken_;
  std::map<RegionIndex, std::uint64_t> live_;
};

}  // namespace shunt::testing
