// Reads residency and live bytes of every page of the used regions.
#include "heap_map.hpp"

#include "os/memory.hpp"

namespace shunt::demo {

std::uint64_t HeapMap::live_bytes() const {
  std::uint64_t sum = 0;
  for (const MapPage& page : pages) sum += page.live_bytes;
  return sum;
}

std::uint64_t HeapMap::resident_bytes() const {
  std::uint64_t sum = 0;
  for (const MapPage& page : pages) sum += page.resident ? page_bytes : 0;
  return sum;
}

HeapMap map_of(Heap& heap) {
  heap.mark_live_objects();
  const HeapGeometry& g = heap.geometry();
  const MarkBitmap marks = heap.marks();
  const std::size_t regions = heap.regions().table().high_water();
  HeapMap map;
  map.pages_per_region = g.pages_per_region();
  map.pages.resize(regions * map.pages_per_region);
  std::vector<unsigned char> present(map.pages.size());
  const AddressRange used{g.base, regions << g.region_shift};
  const bool known =
      regions != 0 && !os::failed(os::resident_pages(os::SystemCalls::real(), used, present.data()));
  for (std::size_t i = 0; i < map.pages.size(); ++i) {
    const std::size_t live = marks.live_bytes({g.base + i * page_bytes, page_bytes});
    map.pages[i] = {known ? (present[i] & 1) != 0 : live != 0, static_cast<std::uint16_t>(live)};
  }
  return map;
}

}  // namespace shunt::demo
