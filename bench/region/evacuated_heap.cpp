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

void EvacuatedHeap::add(AddressRange object, bool live) {
  const std::uint64_t granule = geometry_.granule_of(object.start);
  starts_[granule / 64] |= std::uint64_t{1} << (granule % 64);
  if (!live) return;
  marks_.mark(object);
  objects_.push_back({object.start, object.bytes});
}

// Eight live pages, eight dead ones.
void EvacuatedHeap::fill_with_pages() {
  const Address start = geometry_.start_of(moved_region());
  for (std::size_t page = 0; page < geometry_.pages_per_region(); ++page) {
    add({start + page * page_bytes, page_bytes}, page / 8 % 2 == 0);
  }
}

// Of 16 to 256 bytes, one behind the other; three of ten live.
void EvacuatedHeap::fill_with_small_objects() {
  std::mt19937_64 random(1);
  const AddressRange range = geometry_.range_of(copied_region());
  for (Address at = range.start; at < range.end();) {
    const std::size_t bytes = std::min<std::size_t>((random() % 16 + 1) * 16, range.end() - at);
    add({at, bytes}, random() % 10 < 3);
    at += bytes;
  }
}

ForwardingTable EvacuatedHeap::build() {
  fill_with_pages();
  fill_with_small_objects();
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
