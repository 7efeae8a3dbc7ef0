// A mover: one mechanism that moves page runs. All keep one contract.
//
// Given spans that are page-aligned, pairwise disjoint, inside the reservation, with destinations that hold
// no page (or dead pages, when the batch says so): afterwards every page is in exactly one place, the outcome
// of each span says how much is at the destination and why the rest is not, contents are identical, a vacated
// source is still reserved and (unless the caller releases) holds no physical memory, and the VMA count has
// not grown past the budget. A mover never aborts, never loses a page, never blocks for ever (invariants 1,
// 4, 6).
//
// Not thread-safe: one thread moves, with the owners of the pages parked (two movers at once are ten times
// slower than one, and a page that is written while it is copied would be torn).
#pragma once

#include "move/move_report.hpp"
#include "move/move_span.hpp"

namespace shunt {

class Mover {
 public:
  virtual MoverKind kind() const = 0;
  // O(spans) system calls at best. Continues every span from its outcome's bytes_moved.
  virtual void move(const MoveBatch&, MoveReport&) = 0;

 protected:
  ~Mover() = default;
};

}  // namespace shunt
