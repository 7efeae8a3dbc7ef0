// How fragmented a heap would be, event by event, without any memory: the dry run's meter.
//
// It asks the library's own allocator for the addresses, over a region table with no heap behind it, and
// keeps which pages would have been written. So it says what the replay will find, but for what the kernel
// adds (huge pages).
#pragma once

#include <cstdint>
#include <vector>

#include "region/region_space.hpp"
#include "runtime/mutator.hpp"
#include "trace_format.hpp"

namespace shunt::demo {

class FragmentationMeter {
 public:
  // Of a heap with this geometry; the base may be any region-aligned address. Throws Failure.
  explicit FragmentationMeter(const HeapGeometry&);

  // False when the heap is full; the event was not applied then. O(pages of the object).
  bool apply(const trace::Event&);

  std::uint64_t events() const { return events_; }
  std::uint64_t live_bytes() const { return live_bytes_; }  // of objects, as the heap rounds them
  std::uint64_t resident_bytes() const { return resident_pages_ * page_bytes; }

 private:
  struct Object {
    Address address = Address::null;
    std::size_t size = 0;
    std::size_t alignment = 0;
  };
  bool place(Object&);
  void remove(const Object&);
  void touch(AddressRange);
  void forget(AddressRange);

  RegionSpace space_;
  Allocator allocator_;
  Mutator mutator_;
  std::vector<Object> objects_;
  std::vector<bool> touched_;  // by page
  std::uint64_t events_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t resident_pages_ = 0;
};

}  // namespace shunt::demo
