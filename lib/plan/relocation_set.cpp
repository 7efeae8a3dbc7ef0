// Selection by profit.
//
// Deterministic: equal profits are ordered by address, sums are of integers.
#include "plan/relocation_set.hpp"

#include <algorithm>

namespace shunt {
namespace {

struct Candidate {
  double profit = 0;
  std::uint32_t fact = 0;
};

// A unit: one region, or all regions of a large object.
struct UnitSum {
  std::size_t freed = 0;
  std::size_t copied = 0;
  std::size_t needed_pages = 0;
  std::size_t used_bytes = 0;
  std::size_t live_bytes = 0;
  double nanoseconds = 0;
  bool allowed = true;
};

UnitSum sum_of_unit(const SelectionInput& input, std::size_t fact) {
  UnitSum sum;
  const std::size_t end = fact + unit_size(input.facts[fact]);
  SHUNT_CHECK(end, <=, input.facts.size());
  for (std::size_t i = fact; i < end; ++i) {
    const Evacuation& e = input.evacuations[i];
    sum.freed += e.freed_bytes();
    sum.copied += e.copied_bytes;
    sum.needed_pages += e.needed_pages();
    sum.used_bytes += std::size_t{e.used_pages} << page_shift;
    sum.live_bytes += e.live_bytes;
    sum.nanoseconds += e.nanoseconds;
    sum.allowed = sum.allowed && e.movable && (e.worthwhile || e.is_empty());
  }
  return sum;
}

bool is_candidate(const UnitSum& sum, const Goal& goal) {
  if (!sum.allowed) return false;
  if (sum.needed_pages == 0) return true;
  const double dense = goal.dense_enough * static_cast<double>(sum.used_bytes);
  return sum.freed != 0 && static_cast<double>(sum.live_bytes) < dense;
}

std::size_t list_candidates(const SelectionInput& input, std::span<const std::uint8_t> selected,
                            std::span<Candidate> out) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < input.facts.size(); i += unit_size(input.facts[i])) {
    if (selected[i] != 0 || input.facts[i].content == RegionContent::LargeTail) continue;
    const UnitSum sum = sum_of_unit(input, i);
    if (!is_candidate(sum, input.goal)) continue;
    const double profit = static_cast<double>(sum.freed) / std::max(sum.nanoseconds, 1.0);
    out[count++] = {profit, static_cast<std::uint32_t>(i)};
  }
  return count;
}

struct Budget {
  std::size_t freed = 0;
  std::size_t copied = 0;
  std::size_t pages = 0;
};

// What the window costs and gives already.
Budget spent_on(const SelectionInput& input, std::span<const std::uint8_t> selected) {
  Budget spent;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (selected[i] == 0) continue;
    spent.freed += input.evacuations[i].freed_bytes();
    spent.pages += input.evacuations[i].needed_pages();
  }
  return spent;
}

std::size_t destination_pages(const SelectionInput& input, RegionWindow window) {
  const auto outside = std::ranges::count_if(
      input.destinations, [&](RegionIndex r) { return window.is_empty() || !window.contains(r); });
  return static_cast<std::size_t>(outside) * input.geometry.pages_per_region();
}

}  // namespace

void select_window(const SelectionInput& input, RegionWindow window, std::span<std::uint8_t> selected) {
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (!window.is_empty() && window.contains(input.facts[i].region)) selected[i] = 1;
  }
}

Result<void> select_by_profit(const SelectionInput& input, RegionWindow window,
                              std::span<std::uint8_t> selected, Arena& arena) {
  const auto storage = arena.allocate_array<Candidate>(input.facts.size());
  if (storage.size() != input.facts.size()) return Error{"plan", 0, "give the planner a larger arena"};
  const auto candidates = storage.first(list_candidates(input, selected, storage));
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.profit != b.profit ? a.profit > b.profit : a.fact < b.fact;
  });
  Budget spent = spent_on(input, selected);
  const std::size_t room = destination_pages(input, window);
  for (const Candidate& c : candidates) {
    if (spent.freed >= input.goal.bytes_to_free) break;
    const UnitSum sum = sum_of_unit(input, c.fact);
    if (sum.needed_pages > room - std::min(room, spent.pages)) continue;
    if (sum.copied > input.goal.copied_bytes_limit - spent.copied) continue;
    spent.freed += sum.freed;
    spent.copied += sum.copied;
    spent.pages += sum.needed_pages;
    for (std::size_t i = 0; i < unit_size(input.facts[c.fact]); ++i) selected[c.fact + i] = 1;
  }
  return {};
}

}  // namespace shunt
