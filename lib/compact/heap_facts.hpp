// What the planner is told, gathered from the region table and the kernel.
//
// The bridge between the layers that have effects and the planner that has none. Facts are values: a plan
// made from them can be replayed in a test.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"
#include "plan/region_facts.hpp"
#include "region/region_space.hpp"

namespace shunt {

// One fact for every Live region, by address, tails behind their heads. Huge pages are looked up where the
// kernel can say (PAGEMAP_SCAN). Error: the arena is full. O(regions in use) and one scan of the used range.
Result<std::span<RegionFacts>> gather_facts(const os::SystemCalls&, const RegionSpace&, Arena&);

// Arena bytes that gather_facts() needs.
std::size_t facts_memory_bytes(const RegionSpace&);

RegionKind kind_of(RegionContent);

}  // namespace shunt
