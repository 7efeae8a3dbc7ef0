// How many destinations could be needed, claiming them, and what becomes of each.
#include "compact/destinations.hpp"

#include <algorithm>

#include "compact/heap_facts.hpp"

namespace shunt {

std::size_t Destinations::memory_bytes(const RegionSpace& regions) {
  return regions.table().high_water() * sizeof(RegionIndex) + page_bytes;
}

// No two neighbouring destinations of one content are both less than half full, because a cluster is at most
// a region; runs carry dead bytes up to the waste allowance, or whole pages where objects must keep their
// offset in the page.
std::size_t Destinations::needed(std::span<const RegionFacts> facts, const Goal& goal) const {
  std::size_t movable = 0;
  std::size_t bytes = 0;
  for (const RegionFacts& fact : facts) {
    if (fact.content == RegionContent::Pinned) continue;
    const bool large = is_large(fact.content);
    if (large && goal.contiguous_regions == 0) continue;
    ++movable;
    const std::size_t used = std::size_t{fact.used_pages} << page_shift;
    const bool whole_pages = large || fact.content == RegionContent::Aligned;
    bytes += whole_pages ? used : std::min<std::size_t>(used, regions_.record(fact.region).live_bytes());
  }
  const double with_waste = static_cast<double>(bytes) / std::max(0.1, 1 - goal.waste_allowance);
  const double regions = with_waste / static_cast<double>(regions_.geometry().region_bytes());
  const std::size_t contents = 6;  // each may leave one destination begun
  return std::min(movable, 2 * static_cast<std::size_t>(regions) + contents);
}

Result<void> Destinations::claim(std::span<const RegionFacts> facts, const Goal& goal, Arena& arena) {
  const std::size_t count = needed(facts, goal);
  const std::span<RegionIndex> storage = arena.allocate_array<RegionIndex>(count);
  if (storage.size() != count) return Error{"claiming destinations", 0, "more memory for metadata"};
  std::size_t claimed = 0;
  while (claimed < count) {
    const Result<RegionIndex> region = regions_.claim(RegionKind::Small);
    if (!region) break;
    storage[claimed++] = region.value();
  }
  unused_ = storage.first(claimed);
  std::sort(unused_.begin(), unused_.end());
  return {};
}

void Destinations::adopt(const Plan& plan) {
  std::size_t kept = 0;
  std::size_t next = 0;
  RegionIndex head = RegionIndex::none;
  for (const RegionIndex region : unused_) {
    const bool used = next < plan.destinations.size() && plan.destinations[next].region == region;
    if (!used) {
      unused_[kept++] = region;
      continue;
    }
    const DestinationRegion& d = plan.destinations[next++];
    if (d.content == RegionContent::LargeHead) head = region;
    const std::uint32_t shape = d.content == RegionContent::LargeTail ? region - head : 0;
    regions_.assume(region, kind_of(d.content), shape, d.used_bytes);
    if (shape != 0) regions_.assume(head, RegionKind::LargeHead, shape + 1, regions_.record(head).top());
  }
  unused_ = unused_.first(kept);
  give_back_unused();
}

void Destinations::give_back_unused() {
  for (const RegionIndex region : unused_) {
    regions_.table().transition(region, RegionState::Allocating, RegionState::Free);
  }
  unused_ = {};
}

std::uint32_t Destinations::finish(const Plan& plan, Evacuator& evacuator) {
  auto filled = static_cast<std::uint32_t>(plan.destinations.size());
  for (const DestinationRegion& d : plan.destinations) {
    if (d.content != RegionContent::LargeTail) regions_.retire(d.region);
  }
  for (const DestinationRegion& d : plan.destinations) {
    const std::uint32_t span = regions_.region_span(d.region);
    if (d.content == RegionContent::LargeTail || !regions_.quarantine_if_empty(d.region)) continue;
    evacuator.release({plan.geometry.start_of(d.region), span * plan.geometry.region_bytes()});
    regions_.release_unswept(d.region);
    filled -= span;
  }
  regions_.sweep();
  return filled;
}

}  // namespace shunt
