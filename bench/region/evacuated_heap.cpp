// Objects from a seed, a plan of both regions, and the check that each went the way it should.
#include "region/evacuated_heap.hpp"

#include <random>

#include "region/cell.hpp"

namespace shunt::bench {

EvacuatedHeap::EvacuatedHeap(const HeapGeometry& geometry)
    : geometry_(geometry),
      words_(MarkBitmap::words_needed(geometry)),
      marks_(geometry, words_),
      starts_(words_.size()),
      forwarding_(build()) {
  forwarding_.publish();
}

// Objects of 16 to 256 bytes, one behind the other.
void EvacuatedHeap::fill(RegionIndex region, unsigned live_percent) {
  std::mt19937_64 random(live_percent);
  const AddressRange range = geometry_.range_of(region);
  for (Address at = range.start; at < range.end();) {
    const std::size_t bytes = std::min<std::size_t>((random() % 16 + 1) * 16, range.end() - at);
    const std::uint64_t granule = geometry_.granule_of(at);
    starts_[granule / 64] |= std::uint64_t{1} << (granule % 64);
    if (random() % 100 < live_percent) {
      marks_.mark({at, bytes});
      objects_.push_back({at, bytes});
    }
    at += bytes;
  }
}

ForwardingTable EvacuatedHeap::build() {
  fill(moved_region(), 100);
  fill(copied_region(), 30);
  std::vector<RegionFacts> facts;
  for (const RegionIndex r : {moved_region(), copied_region()}) {
    facts.push_back({.region = r, .used_pages = static_cast<std::uint32_t>(geometry_.pages_per_region())});
  }
  std::vector<RegionIndex> destinations;
  for (std::uint32_t i = 2; i < geometry_.region_count; ++i) destinations.push_back(RegionIndex{i});
  PlanInput input;
  input.geometry = geometry_;
  input.marks = marks_;
  input.object_starts = starts_;
  input.facts = facts;
  input.destinations = destinations;
  input.goal.dense_enough = 2;  // nothing stays
  plan_memory_.resize(plan_memory_bytes(input));
  Arena plan_arena(plan_memory_);
  const Result<Plan> plan = build_plan(input, plan_arena);
  if (!plan) give_up(plan.error().operation, plan.error().advice);
  if (plan.value().selected.size() != 2 || plan.value().runs.empty() || plan.value().copies.empty()) {
    give_up("forwarding", "the plan does not move one region and copy the other");
  }
  forwarding_memory_.resize(ForwardingTable::memory_bytes(plan.value()));
  Arena arena(forwarding_memory_);
  return ForwardingTable::build(plan.value(), marks_, arena).take();
}

std::vector<Address> EvacuatedHeap::addresses_in(RegionIndex region, std::size_t count) const {
  std::mt19937_64 random(count);
  std::vector<Address> addresses;
  while (addresses.size() < count) {
    const Object& object = objects_[random() % objects_.size()];
    if (geometry_.region_of(object.start) != region) continue;
    addresses.push_back(object.start + random() % object.bytes);
  }
  return addresses;
}

}  // namespace shunt::bench
