// How one region would be evacuated, and at what price: which of its clusters move by page and which are
// copied.
//
// Decided from the region alone, before it is known whether the region is selected, because selection needs
// the price. A cluster moves by page when it is live enough AND moving is not dearer than copying, judged
// with its neighbours: page-contiguous clusters share one kernel call, clusters in a huge page share its
// split.
#pragma once

#include "move/cost_model.hpp"
#include "plan/cluster.hpp"

namespace shunt {

struct EvacuationTerms {
  CostModel costs{};
  unsigned running_threads = 0;
  double waste_allowance = 0.10;
  bool page_moves = true;
  // A region of at least this live share stays, so its clusters need no decision. Above 1: decide about all,
  // because a window may need any of them.
  double stays_from_live_share = 2;
};

struct Evacuation {
  std::uint32_t used_pages = 0;
  std::uint32_t live_bytes = 0;
  std::uint32_t moved_pages = 0;
  std::uint32_t copied_bytes = 0;
  std::uint32_t splits = 0;        // huge pages that the kernel has to split
  std::uint16_t whole_blocks = 0;  // bit i: the i-th 2 MiB block is a huge page and moves whole
  bool movable = false;            // false: pinned, or needs page moves where those are not wanted
  bool worthwhile = false;         // moving by page is not dearer than copying would be (Aligned only)
  double nanoseconds = 0;          // moves, copies, and giving the sources back

  bool is_empty() const { return moved_pages == 0 && copied_bytes == 0; }
  std::uint32_t needed_pages() const {
    return moved_pages + static_cast<std::uint32_t>(align_up(copied_bytes, page_bytes) >> page_shift);
  }
  // Bytes of physical memory that evacuating would give back; 0 where it would give none.
  std::size_t freed_bytes() const {
    return needed_pages() < used_pages ? std::size_t{used_pages - needed_pages()} << page_shift : 0;
  }
};

// Decides about one region that is not part of a large object and writes the decision into its row of page
// states (is_moved, is_anchored). `row` is the region's whole row. O(pages x huge pages in the region),
// nearly O(pages).
Evacuation plan_evacuation(const RegionFacts& facts, std::span<PageState> row, const EvacuationTerms& terms);

// The same for one region of a large object. `unit_is_live`: some region of the object holds a mark. A live
// large object moves by whole pages, all of them.
Evacuation plan_large_evacuation(const RegionFacts& facts, std::span<PageState> row, bool unit_is_live,
                                 const EvacuationTerms& terms);

inline bool is_in_whole_block(std::uint16_t whole_blocks, std::uint32_t page) {
  return ((whole_blocks >> (page / pages_per_huge_page)) & 1) != 0;
}

// Cuts pages [first, end) where whole huge pages begin or end: visit(first, end, huge).
template <class Visit>
void for_each_move_part(std::uint32_t first, std::uint32_t end, std::uint16_t whole_blocks, Visit&& visit) {
  constexpr auto block = static_cast<std::uint32_t>(pages_per_huge_page);
  while (first < end) {
    const bool huge = is_in_whole_block(whole_blocks, first);
    std::uint32_t stop = first;
    while (stop < end && is_in_whole_block(whole_blocks, stop) == huge) stop = (stop / block + 1) * block;
    stop = stop < end ? stop : end;
    visit(first, stop, huge);
    first = stop;
  }
}

// Calls visit(first, end) for every maximal series of pages for which `wanted(PageState)` holds.
template <class Wanted, class Visit>
void for_each_series(std::span<const PageState> row, Wanted&& wanted, Visit&& visit) {
  const auto end = static_cast<std::uint32_t>(row.size());
  for (std::uint32_t page = 0; page < end; ++page) {
    if (!wanted(row[page])) continue;
    const std::uint32_t first = page;
    while (page < end && wanted(row[page])) ++page;
    visit(first, page);
  }
}

}  // namespace shunt
