// Live bytes of every page, and what the planner has decided about the page, in 16 bits.
//
//    15       14        13      12 ............. 0
//   tied | anchored | by move |    live bytes (0 to 4096)
//
// The bitmap is read once, here; all later steps of planning scan these words (2 bytes for 4 KiB of heap).
// One row of pages_per_region() pages for each RegionFacts, in the same order. Not thread-safe while a plan
// is being built, immutable behind it.
#pragma once

#include <span>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "plan/mark_bitmap.hpp"
#include "plan/region_facts.hpp"

namespace shunt {

class PageState {
 public:
  constexpr PageState() = default;
  constexpr PageState(std::uint32_t live_bytes, bool tied)
      : bits_(static_cast<std::uint16_t>(live_bytes | (tied ? tied_bit : 0u))) {}

  constexpr std::uint32_t live_bytes() const { return bits_ & live_mask; }
  constexpr bool is_live() const { return live_bytes() != 0; }
  // A live object crosses the border between the page before and this one.
  constexpr bool is_tied_to_previous() const { return (bits_ & tied_bit) != 0; }
  // Decided: the page moves. Otherwise, when live, its objects are copied.
  constexpr bool is_moved() const { return (bits_ & moved_bit) != 0; }
  // Decided: the page moves together with a whole huge page and must keep its offset in 2 MiB.
  constexpr bool is_anchored() const { return (bits_ & anchored_bit) != 0; }
  constexpr bool is_copied() const { return is_live() && !is_moved(); }

  constexpr void set_moved(bool on) { set(moved_bit, on); }
  constexpr void set_anchored(bool on) { set(anchored_bit, on); }

 private:
  constexpr void set(std::uint16_t bit, bool on) {
    bits_ = static_cast<std::uint16_t>(on ? bits_ | bit : bits_ & ~bit);
  }
  static constexpr std::uint16_t live_mask = 0x1FFF;
  static constexpr std::uint16_t moved_bit = 0x2000;
  static constexpr std::uint16_t anchored_bit = 0x4000;
  static constexpr std::uint16_t tied_bit = 0x8000;
  std::uint16_t bits_ = 0;
};
static_assert(sizeof(PageState) == 2);

// Whether a live object may cross from the page before `page` into it. Exact when `object_starts` (one bit a
// granule) is given; when it is empty two objects that meet at the border look like one, which is safe.
// False for the first page of the heap. O(1).
bool is_tied_to_previous(const MarkBitmap& marks, std::span<const std::uint64_t> object_starts,
                         PageIndex page);

class PageOccupancy {
 public:
  PageOccupancy() = default;
  // Reads the used pages of every region of `facts`. Fails only when the arena is full. O(used pages).
  static Result<PageOccupancy> measure(const MarkBitmap& marks, std::span<const std::uint64_t> object_starts,
                                       std::span<const RegionFacts> facts, Arena& arena);

  std::span<PageState> row(std::size_t fact) { return states_.subspan(fact * row_pages_, row_pages_); }
  std::span<const PageState> row(std::size_t fact) const {
    return states_.subspan(fact * row_pages_, row_pages_);
  }

 private:
  std::span<PageState> states_{};
  std::size_t row_pages_ = 0;
};

}  // namespace shunt
