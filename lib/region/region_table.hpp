// The region table: one atomic word a region, the hot core that every load barrier goes through.
//
// Keeps true: every change of a word is one compare-exchange along legal_transitions; a pinned region is
// never Selected; a LargeHead in the table has all its tails (claims write the head last, releases free it
// first). Does not own memory, make system calls, or know what is in a region: see RegionSpace.
//
// It is a view (a few words, copyable) over zeroed memory that the caller keeps: the words and a Control. The
// atomic is a template parameter so that tests can run it under a scheduler of their own. All functions are
// thread-safe. Look-ups are wait-free; claims are lock-free: a retry is always paid for by another thread's
// success.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.hpp"
#include "base/heap_geometry.hpp"
#include "region/region_outcome.hpp"
#include "region/region_word.hpp"

namespace shunt {

template <template <class> class Atomic = std::atomic>
class BasicRegionTable {
 public:
  using Word = Atomic<std::uint64_t>;

  // What claims share. All zeros is its initial state.
  struct Control {
    Word hint;                         // version << 32 | an index; see advance_hint()
    Atomic<std::uint32_t> high_water;  // no region at or above it was ever claimed
    Atomic<std::uint32_t> undone;      // contiguous claims that were rolled back
  };

  BasicRegionTable() = default;
  // `words` holds one word a region; both must outlive every copy of this view.
  BasicRegionTable(const HeapGeometry& geometry, std::span<Word> words, Control& control)
      : base_(geometry.base),
        shift_(geometry.region_shift),
        size_(geometry.region_count),
        words_(words.data()),
        control_(&control) {
    SHUNT_CHECK(words.size(), >=, geometry.region_count);
    SHUNT_CHECK(geometry.region_count, <=, RegionWord::max_payload);
  }

  std::uint32_t size() const { return size_; }
  std::uint32_t high_water() const {
    return control_->high_water.load(
        std::memory_order_acquire);  // pairs with the release in raise_high_water()
  }

  // False for foreign pointers, which lookup() must not be asked about. O(1).
  bool contains(Address a) const { return (value(a) - value(base_)) >> shift_ < size_; }
  RegionIndex region_of(Address a) const {
    return RegionIndex{static_cast<std::uint32_t>((value(a) - value(base_)) >> shift_)};
  }
  // The word of the region that `a` is in. A subtraction, a shift, one acquire load.
  RegionWord lookup(Address a) const { return word(region_of(a)); }
  RegionWord word(RegionIndex r) const {
    // acquire: pairs with the release of every CAS below, so who sees a state sees what was written before it
    return RegionWord{words_[value(r)].load(std::memory_order_acquire)};
  }

  // Claims the lowest Free region that a scan from the hint finds, as `kind`. RegionIndex::none when there is
  // none. O(regions) at worst, O(1) when the lowest region is the free one.
  RegionIndex claim(RegionKind kind) { return claim_run(1, kind); }
  // Claims `count` contiguous regions as a LargeHead and its tails; the head's index, or none. After a
  // failure nothing stays claimed. May also answer none while another thread holds regions that it is about
  // to give back.
  RegionIndex claim_contiguous(std::uint32_t count) { return claim_run(count, RegionKind::LargeHead); }

  // from -> to, with a new payload if one is given. Arriving in Free starts a new generation and clears the
  // rest.
  TransitionResult transition(RegionIndex r, RegionState from, RegionState to,
                              std::optional<std::uint32_t> payload = std::nullopt) {
    // Free -> Allocating needs a kind and is claim()'s alone.
    if (!is_legal(from, to) || from == RegionState::Free) return {TransitionOutcome::Illegal, from, to};
    if (payload) SHUNT_CHECK(*payload, <=, RegionWord::max_payload);
    RegionWord old = word(r);
    do {
      if (!old.is(from)) return {TransitionOutcome::Changed, old.state(), to};
      if (to == RegionState::Selected && old.is_pinned()) return {TransitionOutcome::Pinned, from, to};
    } while (!replace(r, old, successor(old, to, payload)));
    if (to == RegionState::Free) lower_hint(value(r));
    return {TransitionOutcome::Done, from, to};
  }

  // Gives an Allocating region another kind and payload: for an owner who claimed it before he knew what
  // would come into it. False if it is not Allocating.
  bool assume(RegionIndex r, RegionKind kind, std::uint32_t payload) {
    RegionWord old = word(r);
    do {
      if (!old.is(RegionState::Allocating)) return false;
    } while (!replace(r, old, old.with(kind).with_payload(payload)));
    return true;
  }

  // Pins nest; a region with pins is not Selected. A pin of a tail pins the head, where the whole object is
  // decided.
  PinOutcome pin(RegionIndex r) {
    r = head_of(r);
    RegionWord old = word(r);
    do {
      if (!is_pinnable(old)) return PinOutcome::WrongState;
      if (old.pins() == RegionWord::max_pins) return PinOutcome::TooMany;
    } while (!replace(r, old, old.with_pins(old.pins() + 1)));
    return PinOutcome::Done;
  }
  PinOutcome unpin(RegionIndex r) {
    r = head_of(r);
    RegionWord old = word(r);
    do {
      if (old.pins() == 0) return PinOutcome::NotPinned;
    } while (!replace(r, old, old.with_pins(old.pins() - 1)));
    return PinOutcome::Done;
  }

  // A tail's head; any other region itself. Only for regions that are Allocating or Live (see
  // RegionSpace::head_of).
  RegionIndex head_of(RegionIndex r) const {
    const RegionWord w = word(r);
    const bool tail = w.kind() == RegionKind::LargeTail && is_pinnable(w);
    return tail ? RegionIndex{value(r) - w.payload()} : r;
  }

 private:
  static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;

  static bool is_pinnable(RegionWord w) { return w.is(RegionState::Allocating) || w.is(RegionState::Live); }
  static RegionWord successor(RegionWord old, RegionState to, std::optional<std::uint32_t> payload) {
    if (to == RegionState::Free) return old.freed();
    const RegionWord next = old.with(to);
    return payload ? next.with_payload(*payload) : next;
  }
  // On failure `old` is what is there now.
  bool replace(RegionIndex r, RegionWord& old, RegionWord next) {
    std::uint64_t expected = old.bits();
    // acq_rel: pairs with word() and with itself: release publishes what this thread did to the region,
    // acquire shows what the one before did, also when the exchange fails
    const bool done = words_[value(r)].compare_exchange_strong(
        expected, next.bits(), std::memory_order_acq_rel, std::memory_order_acquire);
    if (!done) old = RegionWord{expected};
    return done;
  }

  RegionIndex claim_run(std::uint32_t count, RegionKind kind) {
    if (count == 0 || count > size_) return RegionIndex::none;
    for (;;) {
      // acquire: pairs with the release in undo(); a scan that overlapped a rollback may have missed what it
      // freed
      const std::uint32_t undone = control_->undone.load(std::memory_order_acquire);
      const std::uint64_t hint = control_->hint.load(std::memory_order_acquire);  // pairs with lower_hint()
      const std::uint32_t start = static_cast<std::uint32_t>(hint);
      std::uint32_t found = search(start, size_, count, kind, hint);
      // The hint may be ahead of a region freed a moment ago: look below it before giving up.
      if (found == nowhere) found = search(0, below_hint_end(start, count), count, kind, hint);
      if (found != nowhere) return RegionIndex{found};
      if (control_->undone.load(std::memory_order_acquire) == undone)
        return RegionIndex::none;  // pairs with undo()
    }
  }
  // A run that starts below the hint may end above it.
  std::uint32_t below_hint_end(std::uint32_t start, std::uint32_t count) const {
    const std::uint64_t end = std::uint64_t{start} + count - 1;
    return end < size_ ? static_cast<std::uint32_t>(end) : size_;
  }

  // Claims the first run of `count` Free regions in [first, end). `hint` is what the hint was when the scan
  // began.
  std::uint32_t search(std::uint32_t first, std::uint32_t end, std::uint32_t count, RegionKind kind,
                       std::uint64_t hint) {
    std::uint32_t run = 0, lowest_free = nowhere;
    for (std::uint32_t i = first; i < end; ++i) {
      run = word(RegionIndex{i}).is(RegionState::Free) ? run + 1 : 0;
      if (run == 1 && lowest_free == nowhere) lowest_free = i;
      if (run < count) continue;
      const std::uint32_t start = i - (count - 1);
      const std::uint32_t taken = try_claim(start, count, kind);
      if (taken == nowhere) {
        if (first == static_cast<std::uint32_t>(hint))
          advance_hint(hint, start == lowest_free ? i + 1 : lowest_free);
        return start;
      }
      // Another thread got `taken` first: what is behind it has to be looked at again.
      i = taken;
      run = 0;
    }
    return nowhere;
  }

  // Claims [start, start + count) from the end down, so that a head is never seen without its tails. Answers
  // nowhere when done, else the region that was taken, with nothing left claimed. All threads claim
  // downwards, so of those whose runs overlap the one that holds the lowest region goes on: no two defeat
  // each other for ever.
  std::uint32_t try_claim(std::uint32_t start, std::uint32_t count, RegionKind kind) {
    raise_high_water(start + count);
    for (std::uint32_t k = count; k-- > 0;) {
      const bool claimed = k == 0 ? claim_word(start, kind, kind == RegionKind::LargeHead ? count : 0)
                                  : claim_word(start + k, RegionKind::LargeTail, k);
      if (claimed) continue;
      undo(start + k + 1, start + count);
      return start + k;
    }
    return nowhere;
  }
  bool claim_word(std::uint32_t i, RegionKind kind, std::uint32_t payload) {
    RegionWord old = word(RegionIndex{i});
    do {
      if (!old.is(RegionState::Free)) return false;
    } while (
        !replace(RegionIndex{i}, old, old.with(RegionState::Allocating).with(kind).with_payload(payload)));
    return true;
  }
  void undo(std::uint32_t first, std::uint32_t end) {
    if (first == end) return;
    for (std::uint32_t i = first; i < end; ++i) {
      transition(RegionIndex{i}, RegionState::Allocating, RegionState::Free);
    }
    control_->undone.fetch_add(1, std::memory_order_release);  // pairs with the acquires in claim_run()
  }

  // The hint is a place below which no region was Free. Its version changes with every release, so that a
  // claim that scanned past a region before that was released cannot push the hint over it.
  void advance_hint(std::uint64_t seen, std::uint32_t to) {
    const std::uint64_t next = (seen & ~std::uint64_t{0xFFFF'FFFF}) | to;
    // release: pairs with the acquire in claim_run(). One try: if it fails somebody knew better.
    control_->hint.compare_exchange_strong(seen, next, std::memory_order_release, std::memory_order_relaxed);
  }
  void lower_hint(std::uint32_t i) {
    std::uint64_t seen = control_->hint.load(std::memory_order_relaxed), next;
    do {
      const std::uint32_t index = static_cast<std::uint32_t>(seen);
      next = ((seen >> 32) + 1) << 32 | (i < index ? i : index);
    } while (!control_->hint.compare_exchange_weak(seen, next,
                                                   std::memory_order_release,  // pairs with claim_run()
                                                   std::memory_order_relaxed));
  }
  // Before the claim, so that who walks up to the mark misses no claimed region.
  void raise_high_water(std::uint32_t to) {
    std::uint32_t seen = control_->high_water.load(std::memory_order_relaxed);
    while (seen < to && !control_->high_water.compare_exchange_weak(seen, to, std::memory_order_release,
                                                                    std::memory_order_relaxed)) {
    }  // release: pairs with the acquire in high_water()
  }

  Address base_ = Address::null;
  unsigned shift_ = 0;
  std::uint32_t size_ = 0;
  Word* words_ = nullptr;
  Control* control_ = nullptr;
};

using RegionTable = BasicRegionTable<>;

}  // namespace shunt
