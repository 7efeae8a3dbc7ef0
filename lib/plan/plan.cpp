// build_plan(): measure pages, price every region, select, place, and write the outcome down.
//
// A window goal is tried in up to three ways, each asking for less, because a window that was chosen by the
// number of pages may turn out not to fit once its clusters are packed.
#include "plan/plan.hpp"

#include <algorithm>

#include "plan/placement.hpp"

namespace shunt {
namespace {

constexpr Error arena_is_full{"plan", 0, "give the planner a larger arena"};

struct Attempt {
  WindowRule rule;
  bool by_profit;  // also select what no window needs
};
constexpr Attempt attempts[] = {{WindowRule::ByPages, true},
                                {WindowRule::ByPages, false},
                                {WindowRule::Certain, false},
                                {WindowRule::None, true}};

class Planner {
 public:
  Planner(const PlanInput& input, Arena& arena) : input_(input), arena_(arena) {
    plan_.geometry = input.geometry;
  }

  Result<Plan> build();

 private:
  Result<void> price_regions();
  Result<bool> try_to_place(Attempt attempt);
  Result<void> select(Attempt attempt);
  Result<void> write_down();
  Result<void> list_selected();
  Result<void> list_releases();
  void sum_up();
  SelectionInput selection_input() const {
    return {input_.geometry, input_.facts, evacuations_, input_.destinations, input_.goal};
  }

  const PlanInput& input_;
  Arena& arena_;
  Plan plan_{};
  std::span<Evacuation> evacuations_{};
  std::span<std::uint8_t> is_selected_{};
  std::span<std::uint32_t> selected_{};  // indices of facts
  Placement placement_{};
};

Result<Plan> Planner::build() {
  auto pages = PageOccupancy::measure(input_.marks, input_.object_starts, input_.facts, arena_);
  if (!pages) return pages.error();
  plan_.pages = pages.take();
  if (const auto priced = price_regions(); !priced) return priced.error();
  for (const Attempt attempt : attempts) {
    if (attempt.rule != WindowRule::None && input_.goal.contiguous_regions == 0) continue;
    const Result<bool> placed = try_to_place(attempt);
    if (!placed) return placed.error();
    if (placed.value()) break;
  }
  if (const auto written = write_down(); !written) return written.error();
  return plan_;
}

Result<void> Planner::price_regions() {
  const EvacuationTerms terms{input_.costs, input_.running_threads, input_.goal.waste_allowance,
                              input_.goal.page_moves,
                              input_.goal.contiguous_regions == 0 ? input_.goal.dense_enough : 2};
  evacuations_ = arena_.allocate_array<Evacuation>(input_.facts.size());
  if (evacuations_.size() != input_.facts.size()) return arena_is_full;
  for (std::size_t i = 0; i < input_.facts.size(); i += unit_size(input_.facts[i])) {
    if (!is_large(input_.facts[i].content)) {
      evacuations_[i] = plan_evacuation(input_.facts[i], plan_.pages.row(i), terms);
      continue;
    }
    const std::size_t end = i + unit_size(input_.facts[i]);
    SHUNT_CHECK(end, <=, input_.facts.size());
    SHUNT_CHECK(end, >, i);
    bool live = false;
    for (std::size_t k = i; k < end; ++k) live = live || next_cluster(plan_.pages.row(k), 0).pages != 0;
    for (std::size_t k = i; k < end; ++k) {
      evacuations_[k] = plan_large_evacuation(input_.facts[k], plan_.pages.row(k), live, terms);
    }
  }
  return {};
}

// True when the attempt's window (if it asks for one) can be emptied. The attempt without a window always
// succeeds.
Result<bool> Planner::try_to_place(Attempt attempt) {
  plan_.window = find_window(selection_input(), attempt.rule);
  if (attempt.rule != WindowRule::None && plan_.window.is_empty()) return false;
  if (const auto selected = select(attempt); !selected) return selected.error();
  auto placement = Placement::make(
      {input_.geometry, input_.facts, evacuations_, &plan_.pages, input_.destinations, plan_.window}, arena_);
  if (!placement) return placement.error();
  placement_ = placement.take();
  const std::size_t kept = placement_.fit(selected_);
  plan_.totals.regions_dropped = static_cast<std::uint32_t>(selected_.size() - kept);
  selected_ = selected_.first(kept);
  const auto in_window = [&](RegionIndex r) { return !plan_.window.is_empty() && plan_.window.contains(r); };
  const auto wanted = std::ranges::count_if(input_.facts, in_window, &RegionFacts::region);
  const auto found = std::ranges::count_if(
      selected_, [&](std::uint32_t fact) { return in_window(input_.facts[fact].region); });
  return wanted == found;
}

Result<void> Planner::select(Attempt attempt) {
  is_selected_ = arena_.allocate_array<std::uint8_t>(input_.facts.size());
  if (is_selected_.size() != input_.facts.size()) return arena_is_full;
  select_window(selection_input(), plan_.window, is_selected_);
  if (attempt.by_profit) {
    const auto chosen = select_by_profit(selection_input(), plan_.window, is_selected_, arena_);
    if (!chosen) return chosen.error();
  }
  const auto count = static_cast<std::size_t>(std::ranges::count(is_selected_, std::uint8_t{1}));
  selected_ = arena_.allocate_array<std::uint32_t>(count);
  if (selected_.size() != count) return arena_is_full;
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < is_selected_.size(); ++i) {
    if (is_selected_[i] != 0) selected_[next++] = i;
  }
  return {};
}

Result<void> Planner::write_down() {
  const auto runs = arena_.allocate_array<PageRun>(placement_.run_count());
  const auto copies = arena_.allocate_array<ClusterCopy>(placement_.copy_count());
  if (runs.size() != placement_.run_count() || copies.size() != placement_.copy_count()) return arena_is_full;
  placement_.place(selected_, runs, copies);
  const auto destinations = arena_.allocate_array<DestinationRegion>(placement_.used_destinations());
  if (destinations.size() != placement_.used_destinations()) return arena_is_full;
  placement_.list_destinations(destinations);
  plan_.runs = runs;
  plan_.copies = copies;
  plan_.destinations = destinations;
  if (const auto listed = list_selected(); !listed) return listed.error();
  if (const auto listed = list_releases(); !listed) return listed.error();
  sum_up();
  return {};
}

Result<void> Planner::list_selected() {
  const auto regions = arena_.allocate_array<SelectedRegion>(selected_.size());
  if (regions.size() != selected_.size()) return arena_is_full;
  std::ranges::fill(is_selected_, std::uint8_t{0});
  for (std::size_t slot = 0; slot < selected_.size(); ++slot) {
    const std::uint32_t fact = selected_[slot];
    const Evacuation& e = evacuations_[fact];
    regions[slot] = {input_.facts[fact].region, fact, e.used_pages, e.moved_pages, e.copied_bytes};
    is_selected_[fact] = 1;
  }
  plan_.selected = regions;
  return {};
}

// Calls visit(AddressRange) for each stretch of dead pages, long enough, in regions that stay.
template <class Visit>
void for_each_release(const PlanInput& input, const PageOccupancy& pages,
                      std::span<const std::uint8_t> is_selected, Visit&& visit) {
  const std::uint32_t enough = std::max(input.goal.min_release_pages, 1u);
  const auto dead = [](PageState p) { return !p.is_live(); };
  for (std::size_t i = 0; i < input.facts.size(); ++i) {
    if (is_selected[i] != 0) continue;
    const Address start = input.geometry.start_of(input.facts[i].region);
    const auto used = pages.row(i).first(input.facts[i].used_pages);
    for_each_series(used, dead, [&](std::uint32_t first, std::uint32_t end) {
      if (end - first < enough) return;
      visit(AddressRange{start + (std::size_t{first} << page_shift), std::size_t{end - first} << page_shift});
    });
  }
}

Result<void> Planner::list_releases() {
  std::size_t count = 0;
  for_each_release(input_, plan_.pages, is_selected_, [&](AddressRange) { ++count; });
  const auto releases = arena_.allocate_array<AddressRange>(count);
  if (releases.size() != count) return arena_is_full;
  count = 0;
  for_each_release(input_, plan_.pages, is_selected_, [&](AddressRange r) { releases[count++] = r; });
  plan_.releases = releases;
  return {};
}

void Planner::sum_up() {
  PlanTotals& totals = plan_.totals;
  for (const PageRun& run : plan_.runs) {
    totals.bytes_moved += run.bytes;
    totals.nanoseconds += input_.costs.predict_move(run.bytes, run.huge, input_.running_threads);
  }
  std::size_t used_bytes = 0;
  for (std::size_t i = 0; i < input_.facts.size(); ++i) {
    const Evacuation& e = evacuations_[i];
    if (is_selected_[i] == 0) {
      totals.bytes_left += e.live_bytes;
      continue;
    }
    used_bytes += std::size_t{e.used_pages} << page_shift;
    totals.bytes_copied += e.copied_bytes;
    totals.nanoseconds += e.splits * input_.costs.split_huge_page + input_.costs.release_call +
                          input_.costs.predict_copy(e.copied_bytes, e.used_pages - e.moved_pages, false);
  }
  const std::size_t occupied = placement_.occupied_bytes();
  totals.bytes_freed = used_bytes > occupied ? used_bytes - occupied : 0;
  for (const AddressRange& r : plan_.releases) totals.bytes_released += r.bytes;
}

}  // namespace

std::size_t plan_memory_bytes(const PlanInput& input) {
  std::size_t used_pages = 0;
  for (const RegionFacts& f : input.facts) used_pages += f.used_pages;
  const std::size_t attempt_count = std::size(attempts);
  const std::size_t a_fact = sizeof(Evacuation) + sizeof(SelectedRegion) +
                             sizeof(PageState) * input.geometry.pages_per_region() +
                             attempt_count * (1 + sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t));
  const std::size_t a_page = std::max(sizeof(PageRun), sizeof(ClusterCopy)) + sizeof(AddressRange);
  const std::size_t a_destination = attempt_count * 64 + sizeof(DestinationRegion);
  const std::size_t alignment_losses = 64 * 32;
  return input.facts.size() * a_fact + used_pages * a_page + input.destinations.size() * a_destination +
         alignment_losses;
}

Result<Plan> build_plan(const PlanInput& input, Arena& arena) {
  SHUNT_CHECK(input.marks.words().size(), >=, MarkBitmap::words_needed(input.geometry));
  return Planner(input, arena).build();
}

}  // namespace shunt
