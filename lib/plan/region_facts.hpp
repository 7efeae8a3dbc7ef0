// What the planner is told about a region: plain values, filled by the caller from its region table.
//
// The planner includes no region table, so that every decision can be tested from numbers alone.
#pragma once

#include <cstdint>
#include <span>

#include "base/heap_geometry.hpp"

namespace shunt {

enum class RegionContent : std::uint8_t {
  Small,      // objects aligned to the granule; may be copied and packed
  Medium,     // objects that start at page borders; a copy starts at a page border too
  LargeHead,  // one object that starts here and covers `region_span` regions
  LargeTail,  // continues the LargeHead before it
  Pinned,     // never moves
  Aligned,    // objects that need their offset in the page: moved by page, never copied
};

struct RegionFacts {
  RegionIndex region = RegionIndex::none;
  RegionContent content = RegionContent::Small;
  std::uint32_t used_pages = 0;      // pages below the bump top; those above hold nothing
  std::uint32_t region_span = 1;     // LargeHead: its number of regions
  std::uint16_t huge_page_bits = 0;  // bit i: the i-th 2 MiB block is one huge page; a region smaller than
                                     // 2 MiB: bit 0 says that it lies in a huge page
};

// A region, or all regions of a large object: what is selected together or not at all.
inline std::size_t unit_size(const RegionFacts& first) {
  return first.content == RegionContent::LargeHead ? first.region_span : 1;
}

inline bool is_large(RegionContent content) {
  return content == RegionContent::LargeHead || content == RegionContent::LargeTail;
}

}  // namespace shunt
