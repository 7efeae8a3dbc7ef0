// defrag.svg: the heap before and after a compaction, side by side, addresses at the same places in both.
//
// Pages are coloured by how much of them lives, from yellow (nothing) to dark violet (all), in steps of equal
// visual distance that stay apart for colour-blind eyes; free pages are near-white. One file, no scripts, no
// fonts of its own.
#pragma once

#include <string>

#include "heap_map.hpp"

namespace shunt::demo {

struct Caption {
  std::string title;
  std::string subtitle;
};

// Both maps are of one heap. O(pages).
std::string heap_svg(const Caption&, const HeapMap& before, const HeapMap& after);

}  // namespace shunt::demo
