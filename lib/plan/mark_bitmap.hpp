// The mark bitmap: one bit a granule of the heap, set for ALL granules of a live object.
//
// Because whole objects are marked, live bytes, ties over page borders and forwarding are bit counts; no
// object header is ever read. A MarkBitmap is a view (copy it freely) of words that the caller gives zeroed,
// typically a sparse mapping: only words that must change are written. It does not know where objects start
// or end.
#pragma once

#include <atomic>
#include <bit>
#include <span>

#include "base/check.hpp"
#include "base/heap_geometry.hpp"
#include "plan/bit_count.hpp"

namespace shunt {

class MarkBitmap {
 public:
  MarkBitmap() = default;
  // `words` holds at least words_needed(geometry) words, zeroed, 8-byte aligned, and outlives every copy.
  MarkBitmap(const HeapGeometry& geometry, std::span<std::uint64_t> words);

  static constexpr std::size_t words_needed(const HeapGeometry& geometry) {
    return (geometry.granule_count() + 63) / 64;
  }
  const HeapGeometry& geometry() const { return geometry_; }
  std::span<const std::uint64_t> words() const { return words_; }

  // Marks every granule that `object` touches; true when this call was the one that set its first granule (so
  // of several threads that reach an object one goes on to scan it). Any number of threads may mark at once.
  // The range lies in the heap. O(granules / 64).
  bool mark(AddressRange object);
  // The same bits, several times as fast for small objects, while no other thread marks or clears.
  void mark_alone(AddressRange object);

  // Clears every granule that `range` touches. May run beside mark() of granules outside the range. Words
  // that are zero already are not written. O(granules / 64).
  void clear(AddressRange range);

  // Whether the granule of `a` is set. Thread-safe beside mark(). O(1).
  bool is_marked(Address a) const;

  // The functions below read plainly: marking has ended and was ordered before them (threads joined or
  // parked).

  // Set granules among those that `range` touches. O(granules / 64).
  std::size_t live_granules(AddressRange range) const;
  std::size_t live_bytes(AddressRange range) const { return live_granules(range) << geometry_.granule_shift; }

  // The words of a page: granules_per_page() / 64 of them.
  const std::uint64_t* words_of(PageIndex page) const {
    return &words_[value(page) * (geometry_.granules_per_page() / 64)];
  }

  // Calls visit(AddressRange) for every maximal series of set granules in `range`, clipped to it, in address
  // order. O(granules / 64 + series).
  template <class Visit>
  void for_each_live_span(AddressRange range, Visit&& visit) const;

 private:
  struct Granules {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
  };
  Granules granules_of(AddressRange range) const;
  std::uint64_t find(bool live, std::uint64_t from, std::uint64_t end) const;

  HeapGeometry geometry_{};
  std::span<std::uint64_t> words_{};
};

inline MarkBitmap::Granules MarkBitmap::granules_of(AddressRange range) const {
  if (range.bytes == 0) return {};
  return {geometry_.granule_of(range.start), geometry_.granule_of(range.end() - 1) + 1};
}

inline void MarkBitmap::mark_alone(AddressRange object) {
  SHUNT_CHECK_SHALLOW(geometry_.range().contains(object), ==, true);
  const Granules all = granules_of(object);
  for (std::uint64_t at = all.first; at < all.end;) {
    const std::uint64_t stop = (at / 64 + 1) * 64;
    std::uint64_t bits = ~std::uint64_t{0} << (at % 64);
    if (stop > all.end) bits &= ~std::uint64_t{0} >> (stop - all.end);
    words_[at / 64] |= bits;
    at = stop;
  }
}

// The first granule in [from, end) that is set (or, for live = false, clear); `end` when there is none.
inline std::uint64_t MarkBitmap::find(bool live, std::uint64_t from, std::uint64_t end) const {
  const std::uint64_t flip = live ? 0 : ~std::uint64_t{0};
  while (from < end) {
    const std::uint64_t wanted = (words_[from / 64] ^ flip) >> (from % 64);
    if (wanted != 0) {
      const std::uint64_t found = from + static_cast<unsigned>(std::countr_zero(wanted));
      return found < end ? found : end;
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

template <class Visit>
void MarkBitmap::for_each_live_span(AddressRange range, Visit&& visit) const {
  const Granules all = granules_of(range);
  for (std::uint64_t at = find(true, all.first, all.end); at < all.end;) {
    const std::uint64_t stop = find(false, at, all.end);
    visit(AddressRange{geometry_.start_of_granule(at), (stop - at) << geometry_.granule_shift});
    at = find(true, stop, all.end);
  }
}

}  // namespace shunt
