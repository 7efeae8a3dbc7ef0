// What the region tests share: a geometry at addresses that hold nothing, and a table over zeroed test
// memory.
#pragma once

#include <memory>
#include <vector>

#include "region/region_space.hpp"

namespace shunt::testing {

// No test of this layer touches the heap's memory.
inline HeapGeometry fake_geometry(std::uint32_t region_count, unsigned region_shift = 21,
                                  unsigned granule_shift = 4) {
  return {Address{std::uintptr_t{1} << 44}, region_shift, granule_shift, region_count};
}

struct TestTable {
  explicit TestTable(HeapGeometry g)
      : geometry(g),
        words(g.region_count),
        control(std::make_unique<RegionTable::Control>()),
        table(g, words, *control) {}
  explicit TestTable(std::uint32_t region_count) : TestTable(fake_geometry(region_count)) {}

  // Walks a region from Free to `state` by legal transitions.
  RegionIndex bring_to(RegionState state, RegionKind kind = RegionKind::Small) {
    const RegionIndex r = table.claim(kind);
    for (auto s = RegionState::Allocating; s != state; s = next(s)) table.transition(r, s, next(s));
    return r;
  }
  static RegionState next(RegionState s) {
    return static_cast<RegionState>((static_cast<unsigned>(s) + 1) % 6);
  }

  HeapGeometry geometry;
  std::vector<RegionTable::Word> words;
  std::unique_ptr<RegionTable::Control> control;
  RegionTable table;
};

inline RegionSpace open_space(const HeapGeometry& g) {
  return RegionSpace::open(os::SystemCalls::real(), g).take();
}

}  // namespace shunt::testing
