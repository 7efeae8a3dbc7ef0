// What lives in the heap of a cell: the same objects at the same offsets in every heap that it fills.
//
// fill() is given a fresh heap, and damaged() the heap that was filled last. Contents depend on the object,
// so that one object's bytes at another's place are found out.
#pragma once

#include <cstdint>
#include <memory>

#include "compact/cell.hpp"
#include "runtime/heap.hpp"

namespace shunt::bench {

class Population {
 public:
  virtual ~Population() = default;
  virtual HeapOptions options() const = 0;
  virtual void fill(Heap&) = 0;
  // Objects that the heap's handles do not name whole and in their place any more. O(live bytes).
  virtual std::uint64_t damaged(Heap&) const = 0;
};

// Aborts where the cell cannot be made (no such trace).
std::unique_ptr<Population> make_population(const Cell&);

}  // namespace shunt::bench
