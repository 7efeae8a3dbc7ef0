// The cells of a heap map: what a few neighbouring pages look like as one square.
//
//   level   0: in memory, nothing lives in it    1 to 8: that many eighths live, rounded up
//   share   quarters of the cell's pages that are in memory, rounded up; 0: free
//
// A cell of one page is exact. Level counts live bytes against what is in memory, so that what compaction can
// win is seen whatever the cell's size.
#pragma once

#include <cstdint>

#include "heap_map.hpp"

namespace shunt::demo {

inline constexpr unsigned map_levels = 9;
inline constexpr unsigned map_shares = 4;

struct MapCell {
  std::uint8_t level = 0;
  std::uint8_t share = 0;
  bool operator==(const MapCell&) const = default;
};

// Of pages [first, first + count) of the map.
inline MapCell cell_of(const HeapMap& map, std::size_t first, std::size_t count) {
  std::uint64_t live = 0;
  std::uint64_t resident = 0;
  for (std::size_t i = first; i < first + count; ++i) {
    live += map.pages[i].live_bytes;
    resident += map.pages[i].resident;
  }
  if (resident == 0) return {};
  const std::uint64_t eighths = (live * 8 + resident * page_bytes - 1) / (resident * page_bytes);
  const std::uint64_t quarters = (resident * map_shares + count - 1) / count;
  return {static_cast<std::uint8_t>(eighths < map_levels ? eighths : map_levels - 1),
          static_cast<std::uint8_t>(quarters)};
}

}  // namespace shunt::demo
