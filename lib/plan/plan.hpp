// The plan of one compaction: immutable, printable (print.hpp), and a pure function of its input.
//
// It says which regions are evacuated, which page runs move where, which clusters are copied where, and which
// dead pages of regions that stay can be released. It moves nothing, asks no kernel and never sees a region
// table. Its spans live in the arena that build_plan() was given.
#pragma once

#include "plan/relocation_set.hpp"

namespace shunt {

// The i-th selected region has slot i: its place in the forwarding table.
struct SelectedRegion {
  RegionIndex region = RegionIndex::none;
  std::uint32_t fact = 0;  // its place in PlanInput::facts, and its row in Plan::pages
  std::uint32_t used_pages = 0;
  std::uint32_t moved_pages = 0;
  std::uint32_t copied_bytes = 0;
  bool operator==(const SelectedRegion&) const = default;
};

// Pages that one call moves. It may span several regions on both sides, and then holds several clusters.
struct PageRun {
  Address from = Address::null;
  Address to = Address::null;
  std::size_t bytes = 0;
  bool huge = false;  // whole huge pages, aligned alike on both sides
  bool operator==(const PageRun&) const = default;
};

// The live granules of pages [first_page, first_page + pages), in address order, go to [to, to + live_bytes).
// Neighbouring copied clusters whose destinations are contiguous are one copy; dead pages may lie between
// them.
struct ClusterCopy {
  PageIndex first_page{};
  std::uint32_t pages = 0;
  std::uint32_t slot = 0;
  Address to = Address::null;
  std::size_t live_bytes = 0;
  bool operator==(const ClusterCopy&) const = default;
};

// A destination that the plan uses. Objects of one content only, so that what holds for its region holds for
// it.
struct DestinationRegion {
  RegionIndex region = RegionIndex::none;
  RegionContent content = RegionContent::Small;
  std::uint32_t used_bytes = 0;    // the bump top; alignment may leave holes below it that hold no page
  std::uint32_t run_bytes = 0;     // whole pages that arrive by page
  std::uint32_t copied_bytes = 0;  // live bytes that arrive by copying
  bool operator==(const DestinationRegion&) const = default;
};

struct PlanTotals {
  std::size_t bytes_moved = 0;  // pages of the runs, their dead bytes too
  std::size_t bytes_copied = 0;
  std::size_t bytes_left = 0;         // live bytes of regions that stay
  std::size_t bytes_freed = 0;        // used pages of selected regions, less what the destinations will hold
  std::size_t bytes_released = 0;     // dead pages of regions that stay
  std::uint32_t regions_dropped = 0;  // selected, but the destinations ran out
  double nanoseconds = 0;             // predicted, releasing the sources included
  bool operator==(const PlanTotals&) const = default;
};

struct Plan {
  HeapGeometry geometry{};
  std::span<const SelectedRegion> selected{};         // by address
  std::span<const PageRun> runs{};                    // by `from`
  std::span<const ClusterCopy> copies{};              // by first_page
  std::span<const DestinationRegion> destinations{};  // by address; without a window, a prefix of those given
  std::span<const AddressRange> releases{};           // by address
  RegionWindow window{};  // what becomes free as one; empty: not wanted or not possible
  PageOccupancy pages{};  // rows as PlanInput::facts
  PlanTotals totals{};
};

struct PlanInput {
  HeapGeometry geometry{};
  MarkBitmap marks{};
  std::span<const std::uint64_t> object_starts{};  // one bit a granule; empty: unknown
  std::span<const RegionFacts> facts{};  // every region that is not free, by address; tails behind heads
  Goal goal{};
  CostModel costs{};
  std::span<const RegionIndex> destinations{};  // empty regions that the caller has claimed, by address
  unsigned running_threads = 0;
};

// Arena bytes that are enough for build_plan(input), whatever is live. The arena may be a sparse mapping: far
// less is touched. O(facts).
std::size_t plan_memory_bytes(const PlanInput& input);

// Builds the plan. The same input gives the same plan. Fails only when the arena is full. Marking must have
// ended, and marks must not change while the plan or its forwarding is in use. Not thread-safe on one arena.
// O(used pages + facts log facts + regions of the heap when a window is wanted).
Result<Plan> build_plan(const PlanInput& input, Arena& arena);

}  // namespace shunt
