// Forwarding: where everything in the selected regions has gone. Arithmetic, not a hash table.
//
// One 16-byte entry for each page of a selected region, its place:
//
//    63 .................................... 2   1 0
//    none                                    0 |  0    nothing live: forwards to itself
//    new page address (4 KiB-aligned)          |  1    moved: + offset in the page
//    new place of the page's first live granule|  2    copied: + bytes of live granules before it in the page
//
// and its counts, for copied pages: 7 fields of 9 bits, of which field k - 1 says how many granules are live
// in the page's mark words before word k. So forwarding counts the bits of one mark word, not of up to eight.
//
// forward() is total on live granules of the selected regions, right for interior addresses, and identity
// elsewhere (invariant 2). For dead granules it gives some address in the destination, or the same one. The
// table is built and corrected by one thread, then publish()ed; from then on it is immutable and read by any
// number of threads without locks. Publication itself (a release store that readers acquire) is the caller's,
// as are the marks, which must not change while the table is in use.
#pragma once

#include "plan/plan.hpp"

namespace shunt {

class ForwardingTable {
 public:
  static constexpr std::uint32_t no_slot = 0xFFFF'FFFF;

  // Arena bytes that build(plan) needs.
  static std::size_t memory_bytes(const Plan& plan);
  // Fails only when the arena is full. O(pages of the selected regions + copies).
  static Result<ForwardingTable> build(const Plan& plan, const MarkBitmap& marks, Arena& arena);

  // The new address of `a`, an address in the region of `slot`. O(1): one entry, at most one mark word.
  // Inlined into every barrier's slow path: a call would cost as much again.
  [[gnu::always_inline]] Address forward_in_slot(std::uint32_t slot, Address a) const {
    // Regions are aligned to their size, so the page's number in its region needs no base.
    const std::size_t page = (value(a) >> page_shift) & (region_pages_ - 1);
    const Entry& e = entries_.data()[(std::size_t{slot} << region_pages_shift_) + page];
    if ((e.place & tag_mask) == moved_tag)
      return Address{e.place - moved_tag + (value(a) & (page_bytes - 1))};
    if ((e.place & tag_mask) == copied_tag) return Address{e.place - copied_tag + live_offset(e.counts, a)};
    return a;
  }
  // The new address of any address; itself outside of the selected regions. O(1).
  Address forward(Address a) const {
    const std::uint32_t slot = slot_of(a);
    return slot == no_slot ? a : forward_in_slot(slot, a);
  }
  // no_slot when `a` lies in no selected region.
  std::uint32_t slot_of(Address a) const {
    const std::size_t distance = (value(a) - value(first_region_)) >> marks_.geometry().region_shift;
    return distance < slots_.size() ? slots_[distance] : no_slot;
  }
  std::uint32_t slot_count() const { return slot_count_; }

  // Corrections by the compactor, before publish(). Pages are counted within the slot's region; the range is
  // a whole number of clusters (is_tied_to_previous() tells), or objects would be torn. What could not move
  // stays where it is.
  void set_left(std::uint32_t slot, std::uint32_t first_page, std::uint32_t pages);
  // The pages went, whole, to `to` (page-aligned) and behind it.
  void set_moved(std::uint32_t slot, std::uint32_t first_page, std::uint32_t pages, Address to);
  void publish() { is_published_ = true; }
  bool is_published() const { return is_published_; }

 private:
  static constexpr std::uint64_t tag_mask = 3;
  static constexpr std::uint64_t moved_tag = 1;
  static constexpr std::uint64_t copied_tag = 2;

  struct Entry {
    std::uint64_t place;
    std::uint64_t counts;
  };

  [[gnu::always_inline]] std::size_t live_offset(std::uint64_t counts, Address a) const {
    const HeapGeometry& g = marks_.geometry();
    const std::size_t granule = (value(a) & (page_bytes - 1)) >> g.granule_shift;
    // Word 0 has no field; bit 63, where its turn comes out, is clear.
    const std::size_t before_word = counts >> (9 * ((granule / 64 + 7) % 8)) & 511;
    const std::size_t in_word =
        count_bits(marks_.words().data()[g.granule_of(a) / 64] & bits_below(granule % 64));
    return ((before_word + in_word) << g.granule_shift) + (value(a) & (g.granule_bytes() - 1));
  }
  Entry& entry(std::uint32_t slot, std::uint32_t page) { return entries_[slot * region_pages_ + page]; }
  std::uint64_t counts_of(PageIndex page) const;
  void enter_slots(const Plan& plan);
  void enter_runs(const Plan& plan);
  void enter_copies(const Plan& plan);

  MarkBitmap marks_{};
  std::span<Entry> entries_{};
  std::span<std::uint32_t> slots_{};  // by region, from first_region_ to the last selected one
  Address first_region_ = Address::null;
  std::size_t region_pages_ = 0;
  unsigned region_pages_shift_ = 0;
  std::uint32_t slot_count_ = 0;
  bool is_published_ = false;
};

}  // namespace shunt
