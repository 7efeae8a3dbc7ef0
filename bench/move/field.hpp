// The memory of one contender in one cell: runs of live pages with gaps of the same length between them, and
// a destination without gaps. What a sliding compaction of a half-empty heap looks like.
//
// prepare() writes every source page afresh before each round; check() proves that the contents arrived.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "move/cell.hpp"
#include "move/move_span.hpp"
#include "os/reservation.hpp"

namespace shunt::bench {

class Field {
 public:
  explicit Field(const Cell&);

  // `warm`: the destination's pages are there and were written, else it holds none.
  void prepare(std::uint64_t round, bool warm);
  // Maps everything afresh: for movers that leave VMAs behind.
  void remake();
  // Aborts with the place when a page's stamps did not arrive.
  void check() const;
  void clear();
  std::size_t count_vmas() const;

  const std::vector<MoveSpan>& spans() const { return spans_; }
  std::vector<SpanOutcome>& outcomes() { return outcomes_; }
  AddressRange range() const { return reservation_->range(); }
  AddressRange sources() const { return {range().start, 2 * cell_.live_bytes()}; }
  AddressRange destinations() const { return {range().start + 2 * cell_.live_bytes(), cell_.live_bytes()}; }
  const Cell& cell() const { return cell_; }

 private:
  std::uint64_t stamp_of(std::size_t page) const { return (round_ << 32) + page + 1; }

  Cell cell_;
  std::optional<os::Reservation> reservation_{};
  std::vector<MoveSpan> spans_{};
  std::vector<SpanOutcome> outcomes_{};
  std::uint64_t round_ = 0;
};

}  // namespace shunt::bench
