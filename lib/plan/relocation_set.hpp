// The relocation set: which regions are evacuated.
//
// Selection sees prices, not pages: one Evacuation a region. With a window goal the cheapest window comes
// first; then regions in the order of bytes freed per predicted nanosecond, until the goal is met, a limit is
// reached, or the destinations cannot hold more. A large object is selected whole or not at all.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "plan/evacuation.hpp"
#include "plan/goal.hpp"

namespace shunt {

// Neighbouring regions; empty when regions == 0.
struct RegionWindow {
  RegionIndex first = RegionIndex::none;
  std::uint32_t regions = 0;

  constexpr bool is_empty() const { return regions == 0; }
  constexpr bool contains(RegionIndex r) const { return value(r) - value(first) < regions; }
  constexpr bool operator==(const RegionWindow&) const = default;
};

struct SelectionInput {
  HeapGeometry geometry{};
  std::span<const RegionFacts> facts{};         // in address order; a large object's tails follow its head
  std::span<const Evacuation> evacuations{};    // one for each of `facts`
  std::span<const RegionIndex> destinations{};  // empty regions, in address order
  Goal goal{};
};

// How a window's need for destinations is judged.
enum class WindowRule : std::uint8_t {
  None,     // look for no window
  ByPages,  // what must move fits by its number of pages; packing may still fail
  Certain,  // packing cannot fail
};

// The cheapest window of goal.contiguous_regions regions that can be emptied: nothing pinned in it, no large
// object sticking out of it, and destinations outside of it that can hold what is in it. Regions that `facts`
// does not list count as free. Of equally cheap windows the lowest. Empty when there is none. O(regions of
// the heap).
RegionWindow find_window(const SelectionInput& input, WindowRule rule);

// Marks in `selected` (one byte a fact, given zeroed) everything inside `window`.
void select_window(const SelectionInput& input, RegionWindow window, std::span<std::uint8_t> selected);

// Adds to `selected` by profit until the goal is met. Fails only when the arena is full. O(n log n) for n
// facts.
Result<void> select_by_profit(const SelectionInput& input, RegionWindow window,
                              std::span<std::uint8_t> selected, Arena& arena);

}  // namespace shunt
