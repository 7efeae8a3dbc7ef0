// Where a reallocated object goes: the rule that the replay and the dry run share, so that they lay out the
// same heap.
#pragma once

#include "runtime/allocation.hpp"

namespace shunt::demo {

// The object keeps its place while it takes the same bytes on the same path, as a malloc with size classes
// does; otherwise it is a new object and the old one dies.
inline bool stays_in_place(const HeapGeometry& geometry, std::size_t old_size, std::size_t old_alignment,
                           std::size_t new_size, std::size_t new_alignment) {
  const AllocationClass before = classify(geometry, old_size, old_alignment);
  const AllocationClass after = classify(geometry, new_size, new_alignment);
  return before.path == after.path && before.bytes == after.bytes && before.alignment >= after.alignment;
}

}  // namespace shunt::demo
