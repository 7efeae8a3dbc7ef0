// A region table over memory of its own, for benchmarks that need no records and no heap.
//
// The words lie in a mapping like RegionSpace's. Addresses are numbers: nothing is mapped there.
#pragma once

#include <memory>

#include "os/metadata_memory.hpp"
#include "region/cell.hpp"
#include "region/region_table.hpp"

namespace shunt::bench {

inline HeapGeometry geometry_of(std::uint32_t regions) {
  return {Address{std::uintptr_t{1} << 44}, 21, 4, regions};
}

inline os::MetadataMemory map_or_give_up(std::size_t bytes) {
  Result<os::MetadataMemory> memory = os::MetadataMemory::map(os::SystemCalls::real(), bytes);
  if (!memory) give_up(memory.error().operation, memory.error().advice);
  return memory.take();
}

struct BareTable {
  explicit BareTable(std::uint32_t regions)
      : geometry(geometry_of(regions)),
        memory(map_or_give_up(regions * sizeof(RegionTable::Word))),
        table(geometry, memory.as_array<RegionTable::Word>().first(regions), *control) {}

  HeapGeometry geometry;
  os::MetadataMemory memory;
  std::unique_ptr<RegionTable::Control> control = std::make_unique<RegionTable::Control>();
  RegionTable table;
};

}  // namespace shunt::bench
