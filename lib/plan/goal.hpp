// What a compaction is to achieve, as values.
//
// Defaults ask for everything that is worth its time. The planner never exceeds a limit; it may fall short of
// a goal, and the plan's totals say by how much.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shunt {

struct Goal {
  // Stop selecting when this much physical memory will be free. 0: only what the other goals need.
  std::size_t bytes_to_free = SIZE_MAX;
  // Wanted: a window of this many neighbouring regions, all free. Selected before anything else. To get the
  // window and nothing more, set bytes_to_free to 0.
  // Range: 0 to the heap's regions.
  std::uint32_t contiguous_regions = 0;
  // A cluster may move by page when at most this share of its pages' bytes is dead.
  // Range: 0 to 1.
  double waste_allowance = 0.10;
  // A region stays when at least this share of its used pages' bytes is live.
  // Range: from 0 on; above 1 every region may be selected.
  double dense_enough = 0.85;
  // false: copy-only mode. Everything selected is copied; what cannot be copied stays.
  bool page_moves = true;
  // At most this many bytes are copied by regions that no window needs.
  std::size_t copied_bytes_limit = SIZE_MAX;
  // Dead pages of regions that stay are released when at least this many are neighbours.
  std::uint32_t min_release_pages = 4;
};

}  // namespace shunt
