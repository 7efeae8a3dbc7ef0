// A heap as a map: for every page whether it holds memory, and how much of it lives.
//
// A value, made from a stopped heap and kept while the heap goes on; what it is drawn as is heap_svg.hpp's.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/heap.hpp"

namespace shunt::demo {

struct MapPage {
  bool resident = false;
  std::uint16_t live_bytes = 0;
};

struct HeapMap {
  std::size_t pages_per_region = 0;
  std::vector<MapPage> pages;  // of every region up to the last that ever was in use, in address order

  std::size_t regions() const { return pages_per_region == 0 ? 0 : pages.size() / pages_per_region; }
  std::uint64_t live_bytes() const;
  std::uint64_t resident_bytes() const;
};

// Marks the live objects and looks which pages are there. No mutator may have an open buffer, nobody may use
// the heap meanwhile. O(pages below the high-water mark). A page whose residency the kernel will not tell
// counts as resident when something lives in it.
HeapMap map_of(Heap&);

}  // namespace shunt::demo
