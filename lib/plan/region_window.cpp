// The cheapest window of neighbouring regions, by sliding it over the heap.
//
// Prices are rounded to whole nanoseconds so that adding what enters and subtracting what leaves is exact.
#include <algorithm>
#include <cmath>

#include "plan/relocation_set.hpp"

namespace shunt {
namespace {

struct WindowTally {
  std::uint64_t nanoseconds = 0;
  std::uint64_t pages = 0;
  std::uint32_t occupied = 0;
  std::uint32_t large = 0;    // live regions of large objects
  std::uint32_t blocked = 0;  // regions that cannot be emptied
};

class SlidingWindow {
 public:
  SlidingWindow(const SelectionInput& input, WindowRule rule) : input_(input), rule_(rule) {}

  // Moves the window to [first, first + regions); `first` never decreases.
  void move_to(std::uint32_t first, std::uint32_t regions);
  bool can_be_emptied() const;
  std::uint64_t nanoseconds() const { return tally_.nanoseconds; }

 private:
  void add(std::size_t fact, int sign);
  bool is_tail(std::size_t fact, std::uint32_t region) const {
    return fact < input_.facts.size() && value(input_.facts[fact].region) == region &&
           input_.facts[fact].content == RegionContent::LargeTail;
  }

  const SelectionInput& input_;
  WindowRule rule_;
  WindowTally tally_{};
  std::uint32_t first_ = 0;
  std::uint32_t end_ = 0;
  std::size_t fact_first_ = 0;  // facts [fact_first_, fact_end_) are inside
  std::size_t fact_end_ = 0;
  std::size_t destination_first_ = 0;
  std::size_t destination_end_ = 0;
};

void SlidingWindow::add(std::size_t fact, int sign) {
  const Evacuation& e = input_.evacuations[fact];
  const auto change = [sign](auto& sum, auto by) { sign > 0 ? sum += by : sum -= by; };
  change(tally_.nanoseconds, static_cast<std::uint64_t>(std::llround(e.nanoseconds)));
  change(tally_.pages, std::uint64_t{e.needed_pages()});
  change(tally_.occupied, e.is_empty() ? 0u : 1u);
  change(tally_.large, !e.is_empty() && is_large(input_.facts[fact].content) ? 1u : 0u);
  change(tally_.blocked, e.movable ? 0u : 1u);
}

void SlidingWindow::move_to(std::uint32_t first, std::uint32_t regions) {
  first_ = first;
  end_ = first + regions;
  const auto facts = input_.facts;
  const auto destinations = input_.destinations;
  while (fact_end_ < facts.size() && value(facts[fact_end_].region) < end_) add(fact_end_++, +1);
  while (fact_first_ < fact_end_ && value(facts[fact_first_].region) < first_) add(fact_first_++, -1);
  const auto before = [&](std::size_t i, std::uint32_t region) {
    return i < destinations.size() && value(destinations[i]) < region;
  };
  while (before(destination_end_, end_)) ++destination_end_;
  while (before(destination_first_, first_)) ++destination_first_;
}

// Certain: each of the at most 4 passes of placement opens at most one destination for each occupied region.
bool SlidingWindow::can_be_emptied() const {
  if (tally_.blocked != 0 || is_tail(fact_first_, first_) || is_tail(fact_end_, end_)) return false;
  const std::uint64_t outside = input_.destinations.size() - (destination_end_ - destination_first_);
  if (rule_ == WindowRule::Certain) return tally_.large == 0 && std::uint64_t{tally_.occupied} * 4 <= outside;
  return tally_.pages <= outside * input_.geometry.pages_per_region();
}

}  // namespace

RegionWindow find_window(const SelectionInput& input, WindowRule rule) {
  const std::uint32_t wanted = input.goal.contiguous_regions;
  if (rule == WindowRule::None || wanted == 0 || wanted > input.geometry.region_count) return {};
  SlidingWindow window(input, rule);
  RegionWindow best;
  std::uint64_t best_nanoseconds = UINT64_MAX;
  for (std::uint32_t first = 0; first <= input.geometry.region_count - wanted; ++first) {
    window.move_to(first, wanted);
    if (window.nanoseconds() >= best_nanoseconds || !window.can_be_emptied()) continue;
    best_nanoseconds = window.nanoseconds();
    best = {RegionIndex{first}, wanted};
  }
  return best;
}

}  // namespace shunt
