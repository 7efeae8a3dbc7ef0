// A plain model of a heap: objects in a std::map, addresses that are just numbers, no kernel.
//
// It fills the planner's input (marks, object starts, facts, destinations) and, independently of the
// forwarding table, executes a plan as a list of byte ranges that went somewhere. Tests compare the two.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "plan/forwarding.hpp"
#include "plan/plan.hpp"

namespace shunt::testing {

struct ModelObject {
  std::size_t bytes = 0;
  bool live = false;
  std::size_t fact = 0;  // of its (first) region
};

// Where a stretch of bytes went.
struct Transfer {
  Address from;
  Address to;
  std::size_t bytes;
  bool by_page;
};

class ModelHeap {
 public:
  ModelHeap(unsigned region_shift, unsigned granule_shift, std::uint32_t regions)
      : geometry{Address{std::uintptr_t{1} << 40}, region_shift, granule_shift, regions},
        words(MarkBitmap::words_needed(geometry)),
        starts(words.size()),
        marks(geometry, words) {}

  // The next region that nothing lives in yet, as a new fact. The `skip` regions before it become
  // destinations.
  RegionFacts& add_region(RegionContent content, std::uint32_t skip = 0) {
    for (; skip > 0; --skip) destinations.push_back(RegionIndex{next_region_++});
    facts.push_back({.region = RegionIndex{next_region_++}, .content = content});
    return facts.back();
  }
  std::uint32_t regions_left() const { return geometry.region_count - next_region_; }
  Address start_of(const RegionFacts& f) const { return geometry.start_of(f.region); }

  // An object in the last region that was added; `offset` from that region's start.
  void add_object(std::size_t offset, std::size_t bytes, bool live) {
    const Address start = start_of(facts.back()) + offset;
    objects[start] = {bytes, live, facts.size() - 1};
    const std::uint64_t g = geometry.granule_of(start);
    starts[g / 64] |= std::uint64_t{1} << (g % 64);
    if (live) marks.mark({start, bytes});
    const std::size_t pages = align_up(offset + bytes, page_bytes) >> page_shift;
    if (pages <= geometry.pages_per_region()) {
      facts.back().used_pages = std::max(facts.back().used_pages, static_cast<std::uint32_t>(pages));
    }
  }
  void add_large(std::size_t bytes, bool live) {
    const auto span =
        static_cast<std::uint32_t>(align_up(bytes, geometry.region_bytes()) >> geometry.region_shift);
    add_region(RegionContent::LargeHead).region_span = span;
    add_object(0, bytes, live);
    std::size_t pages = align_up(bytes, page_bytes) >> page_shift;
    for (std::uint32_t i = 0; i < span; ++i) {
      if (i > 0) add_region(RegionContent::LargeTail);
      facts.back().used_pages = static_cast<std::uint32_t>(std::min(pages, geometry.pages_per_region()));
      pages -= facts.back().used_pages;
    }
  }
  // More destinations, until there are `count`: regions that are not in use yet, leaving random holes when
  // `random` is given.
  void claim_destinations(std::size_t count, std::mt19937_64* random = nullptr) {
    while (destinations.size() < count && next_region_ < geometry.region_count) {
      const RegionIndex r{next_region_++};
      if (random == nullptr || (*random)() % 4 != 0) destinations.push_back(r);
    }
  }

  PlanInput input() const {
    PlanInput in;
    in.geometry = geometry;
    in.marks = marks;
    in.object_starts = starts;
    in.facts = facts;
    in.destinations = destinations;
    return in;
  }
  std::size_t granules_bytes(std::size_t bytes) const { return align_up(bytes, geometry.granule_bytes()); }

  // What carrying out the plan does to each live byte, by source address. Copies go by the model's objects.
  std::vector<Transfer> execute(const Plan& plan) const {
    std::vector<Transfer> transfers;
    for (const PageRun& run : plan.runs) transfers.push_back({run.from, run.to, run.bytes, true});
    for (const ClusterCopy& copy : plan.copies) {
      const Address start = geometry.start_of(copy.first_page);
      const Address end = start + (std::size_t{copy.pages} << page_shift);
      Address to = copy.to;
      for (auto o = objects.lower_bound(start); o != objects.end() && o->first < end; ++o) {
        if (!o->second.live) continue;
        transfers.push_back({o->first, to, granules_bytes(o->second.bytes), false});
        to += granules_bytes(o->second.bytes);
      }
      if (to != copy.to + copy.live_bytes)
        transfers.push_back({start, Address::null, 0, false});  // fails the checks
    }
    std::ranges::sort(transfers, {}, &Transfer::from);
    return transfers;
  }

  HeapGeometry geometry;
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> starts;
  MarkBitmap marks;
  std::vector<RegionFacts> facts;
  std::vector<RegionIndex> destinations;
  std::map<Address, ModelObject> objects;

 private:
  std::uint32_t next_region_ = 0;
};

// Memory that a plan and its forwarding live in: never touched more than needed.
struct ArenaMemory {
  explicit ArenaMemory(std::size_t bytes) : memory(new std::byte[bytes]), arena({memory.get(), bytes}) {}
  std::unique_ptr<std::byte[]> memory;
  Arena arena;
};

// A plan with its forwarding, and the memory of both.
struct Planned {
  explicit Planned(const PlanInput& input)
      : memory(plan_memory_bytes(input)),
        plan(build_plan(input, memory.arena).take()),
        forwarding_memory(ForwardingTable::memory_bytes(plan)),
        forwarding(ForwardingTable::build(plan, input.marks, forwarding_memory.arena).take()) {}
  ArenaMemory memory;
  Plan plan;
  ArenaMemory forwarding_memory;
  ForwardingTable forwarding;
};

}  // namespace shunt::testing
