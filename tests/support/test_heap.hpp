// A reservation whose every page has an identity, and a shadow that says which identity should be where.
//
// What a mover did is checked against the shadow page by page: contents, what is resident, what is mapped,
// how many VMAs there are. Looks at memory through the running kernel even when the mover under test is given
// another. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "move/move_span.hpp"
#include "os/reservation.hpp"

namespace shunt::testing {

using Random = std::mt19937_64;

class TestHeap {
 public:
  enum class Fill : std::uint8_t {
    Hole,         // nothing was ever there; reads zero
    Full,         // every word differs
    Sparse,       // three words, the rest zero
    WrittenZero,  // a page of its own that holds zeros
    Read,         // only ever read: the zero page
  };

  explicit TestHeap(std::size_t bytes, os::HugePageAdvice huge = os::HugePageAdvice::Never);

  AddressRange range() const { return reservation_.range(); }
  std::size_t pages() const { return shadow_.size(); }
  Address page(std::size_t index) const { return range().start + index * page_bytes; }
  MoveSpan span(std::size_t from_page, std::size_t to_page, std::size_t page_count) const;

  // Writes pages and remembers them, each with an identity of its own.
  void fill(std::size_t first, std::size_t count, Fill);
  void fill_randomly(std::size_t first, std::size_t count, Random&);
  // Dead pages: the shadow says that nothing is there.
  void fill_with_garbage(AddressRange);
  bool is_hole(std::size_t first, std::size_t count) const;

  // What a mover that keeps its contract has done to the spans, by their outcomes.
  void expect_moved(std::span<const MoveSpan>, std::span<const SpanOutcome>);
  void expect_moved(const MoveSpan&, std::size_t first_byte, std::size_t end_byte);
  void expect_same_as_source(const MoveSpan&);  // a copy whose source was kept

  // Empty when all is as the shadow says, else what is wrong. The contents are read in between, so pages that
  // hold nothing may hold the zero page afterwards; drop_read_pages() removes it.
  std::string what_is_wrong_with_contents() const;
  std::string what_is_wrong_with_range(AddressRange) const;
  std::string what_is_wrong_with_mapping() const;  // every address mapped, private, readable and writable
  void drop_read_pages();
  void release(AddressRange) const;  // gives memory back; the shadow stays
  // Bytes in memory, zero pages not counted where the kernel can tell.
  std::size_t resident_bytes(AddressRange) const;
  std::size_t resident_bytes() const { return resident_bytes(range()); }
  std::size_t vmas() const;

 private:
  struct Page {
    std::uint64_t identity = 0;
    Fill fill = Fill::Hole;
  };
  std::size_t index_of(Address a) const { return (a - range().start) / page_bytes; }
  static std::uint64_t word_of(const Page&, std::size_t index);

  os::Reservation reservation_;
  std::vector<Page> shadow_;
  std::uint64_t next_identity_ = 1;
};

// Disjoint spans of 1 to `longest` pages from [from, from + count) to free pages of [to, to + count), with
// gaps, in shuffled or in address order.
std::vector<MoveSpan> random_spans(const TestHeap&, Random&, std::size_t from, std::size_t to,
                                   std::size_t count, std::size_t longest);

bool all_moved(std::span<const MoveSpan>, std::span<const SpanOutcome>);

}  // namespace shunt::testing
