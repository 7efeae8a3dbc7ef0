// A thread's own stretch of a region, in which allocating is adding: no atomic, no lock.
//
// The whole stretch counts as live in its region from the moment it is carved until the buffer is retired,
// when what was not used is taken off again. So a region with an open buffer never looks empty, and objects
// need no counting. Does not know regions or take locks; Mutator and Allocator do. Not thread-safe: one
// buffer, one thread.
#pragma once

#include "base/address.hpp"

namespace shunt {

class AllocationBuffer {
 public:
  AllocationBuffer() = default;
  explicit AllocationBuffer(AddressRange range)
      : cursor_(range.start), end_(range.end()), is_open_(range.bytes != 0) {}

  // Null if it does not fit. `bytes` is not 0 and whole granules, `alignment` a power of two. O(1).
  Address take(std::size_t bytes, std::size_t alignment) {
    const Address start = align_up(cursor_, alignment);
    if (start > end_ || end_ - start < bytes) return Address::null;
    skipped_ += start - cursor_;
    cursor_ = start + bytes;
    return start;
  }

  bool is_open() const { return is_open_; }
  // Still to be handed out: [cursor, end).
  AddressRange rest() const { return {cursor_, end_ - cursor_}; }
  // Bytes carved that hold no object: the rest and the gaps that alignment left.
  std::size_t unused_bytes() const { return rest().bytes + skipped_; }
  // Any address of the buffer, also when it is full: its last byte.
  Address inside() const { return end_ - 1; }

 private:
  Address cursor_ = Address::null;
  Address end_ = Address::null;
  std::size_t skipped_ = 0;
  bool is_open_ = false;
};

}  // namespace shunt
