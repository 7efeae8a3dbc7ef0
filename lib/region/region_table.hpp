// The region table: one atomic word a region, the hot core that every load barrier goes through.
//
// Keeps true: every change of a word is one compare-exchange along legal_transitions; a pinned region is
// never Selected; a LargeHead in the table has all its tails (claims write the head last, releases free it
// first). Does not own memory, make system calls, or know what is in a region: see RegionSpace.
//
// It is a view (a few words, copyable) over zeroed memory that the caller keeps: the words and a Control. The
// atomic is a template parameter so that tests can run it under a scheduler of their own, the protocol so
// that they can show what each of its orders and steps is for. All functions are thread-safe. Look-ups are
// wait-free; claims and releases are lock-free: a retry is always paid for by another thread's success.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.hpp"
#include "base/heap_geometry.hpp"
#include "region/claim_hint.hpp"
#include "region/region_outcome.hpp"
#include "region/region_protocol.hpp"
#include "region/region_word.hpp"

namespace shunt {

template <template <class> class Atomic = std::atomic, class Protocol = RegionProtocol>
class BasicRegionTable {
 public:
  using Word = Atomic<std::uint64_t>;

  // What claims share, a cache line each. All zeros is its initial state.
  struct Control {
    alignas(64) Word hint;  // releases << 32 | an index; see advance_hint()
    Word unmet;  // releases << 32 | regions: since then no run of so many was Free; 0: nothing known
    alignas(64) Atomic<std::uint32_t> high_water;  // no region at or above it was ever claimed
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
  // Who knows of a claim (by whatever made it known to him) reads a mark above it, relaxed as it is: the
  // claim raised the mark before it took its first region.
  std::uint32_t high_water() const { return control_->high_water.load(std::memory_order_relaxed); }

  // ---- Look-up: any thread, wait-free, O(1). `a` may point anywhere into an object.

  bool contains(Address a) const { return distance(a) < size_; }
  // RegionIndex::none for a foreign address.
  RegionIndex region_of(Address a) const {
    const std::uintptr_t i = distance(a);
    return i < size_ ? RegionIndex{static_cast<std::uint32_t>(i)} : RegionIndex::none;
  }
  // The word of the region that `a` is in: a subtraction, a shift, one acquire load. For addresses of this
  // heap only, as a load barrier has them; ask contains() about others.
  RegionWord lookup(Address a) const {
    SHUNT_CHECK_DEEP(distance(a), <, size_);
    return read(words_[distance(a)]);
  }
  RegionWord word(RegionIndex r) const { return read(words_[value(r)]); }
  // Free for a foreign address: nothing of this heap is there.
  RegionState state(Address a) const { return contains(a) ? lookup(a).state() : RegionState::Free; }
  // Where what was at `a` is now: identity for a foreign address and for regions that have not moved
  // (invariant 2). `forwarding` is what the compactor built before the region became Forwarding, and answers
  // forward_in_slot(slot, a) for the slot in the word (plan/forwarding.hpp). Only while that compaction's
  // forwarding is there: when references have been fixed nobody has an address left that would need it.
  template <class Forwarding>
  Address forward(Address a, const Forwarding& forwarding) const {
    if (!contains(a)) return a;
    const RegionWord w = lookup(a);
    if (!w.is_forwarded() || w.payload() == RegionWord::no_slot) return a;
    return forwarding.forward_in_slot(w.payload(), a);
  }

  // ---- Claim and release

  // Claims the lowest Free region, or one of the thread's own stretch after a lost race (ClaimHint), as
  // `kind`. RegionIndex::none: at some moment during the call each region was taken, or was about to be given
  // back by another call. O(1) when the lowest region is the free one, O(regions) at worst.
  RegionIndex claim(RegionKind kind, ClaimHint& own) {
    const std::uint32_t near = claim_in_stretch(kind, own);
    if (near != nowhere) return RegionIndex{near};
    return scan([&](std::uint32_t first, std::uint32_t end,
                    std::uint64_t hint) { return search_one(first, end, kind, hint, own); },
                1);
  }
  RegionIndex claim(RegionKind kind) {
    ClaimHint none;
    return claim(kind, none);
  }

  // Claims the lowest `count` contiguous Free regions as a LargeHead and its tails; the head's index, or none
  // as above. After a failure nothing stays claimed. Reads O(regions) words at worst, and the fewer the
  // larger `count` is.
  RegionIndex claim_contiguous(std::uint32_t count) {
    if (count == 0 || count > size_) return RegionIndex::none;
    return scan(
        [&](std::uint32_t first, std::uint32_t end, std::uint64_t) { return search_run(first, end, count); },
        count);
  }
  // Claims exactly [start, start + count) as a LargeHead and its tails, or nothing. O(count).
  bool claim_at(RegionIndex start, std::uint32_t count) {
    if (count == 0 || count > size_ || value(start) > size_ - count) return false;
    return try_claim(value(start), count) == nowhere;
  }

  // Quarantined -> Free for `count` contiguous regions from `first` up, each in a new generation. The caller
  // holds them alone; stops at one that is in another state and names it.
  TransitionResult release(RegionIndex first, std::uint32_t count = 1) {
    TransitionResult result{TransitionOutcome::Done, RegionState::Quarantined, RegionState::Free};
    for (std::uint32_t k = 0; k < count && result; ++k) {
      result = change(first + k, RegionState::Quarantined, RegionState::Free, std::nullopt);
    }
    lower_hint(value(first));
    return result;
  }

  // ---- Transitions

  // from -> to, with a new payload if one is given. Arriving in Free starts a new generation and clears the
  // rest.
  TransitionResult transition(RegionIndex r, RegionState from, RegionState to,
                              std::optional<std::uint32_t> payload = std::nullopt) {
    const TransitionResult result = change(r, from, to, payload);
    if (result && to == RegionState::Free) lower_hint(value(r));
    return result;
  }
  // The same for a region that the caller has looked at: refused (Changed) when the word is no longer what he
  // saw, generation included. Only its pins may have changed meanwhile. So what he has found out about the
  // region still holds for the life that he changes.
  TransitionResult transition(RegionIndex r, RegionWord seen, RegionState to,
                              std::optional<std::uint32_t> payload = std::nullopt) {
    const TransitionResult result = change(r, seen.state(), to, payload, &seen);
    if (result && to == RegionState::Free) lower_hint(value(r));
    return result;
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
  // decided. The caller names an object in the region, so that it is not released meanwhile.
  PinOutcome pin(RegionIndex r) {
    RegionWord old = word(r);
    for (;;) {
      if (!is_pinnable(old)) return PinOutcome::WrongState;
      if (old.kind() == RegionKind::LargeTail) {
        old = step_to_head(r, old);
      } else if (old.pins() == RegionWord::max_pins) {
        return PinOutcome::TooMany;
      } else if (replace(r, old, old.with_pins(old.pins() + 1))) {
        return PinOutcome::Done;
      }
    }
  }
  PinOutcome unpin(RegionIndex r) {
    RegionWord old = word(r);
    for (;;) {
      if (old.kind() == RegionKind::LargeTail && is_pinnable(old)) {
        old = step_to_head(r, old);
      } else if (old.pins() == 0) {
        return PinOutcome::NotPinned;
      } else if (replace(r, old, old.with_pins(old.pins() - 1))) {
        return PinOutcome::Done;
      }
    }
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

  // Wraps for addresses below the base, which makes it too large for any table.
  std::uintptr_t distance(Address a) const { return (value(a) - value(base_)) >> shift_; }
  static RegionWord read(const Word& word) { return RegionWord{word.load(Protocol::word_read)}; }
  bool is_free(std::uint32_t i) const { return word(RegionIndex{i}).is(RegionState::Free); }

  static bool is_pinnable(RegionWord w) { return w.is(RegionState::Allocating) || w.is(RegionState::Live); }
  // From a tail that is Allocating or Live.
  RegionWord step_to_head(RegionIndex& r, RegionWord tail) const {
    r = RegionIndex{value(r) - tail.payload()};
    return word(r);
  }
  static RegionWord successor(RegionWord old, RegionState to, std::optional<std::uint32_t> payload) {
    if (to == RegionState::Free) {
      return Protocol::bumps_generation ? old.freed() : RegionWord{}.with_generation(old.generation());
    }
    const RegionWord next = old.with(to);
    return payload ? next.with_payload(*payload) : next;
  }
  // On failure `old` is what is there now.
  bool replace(RegionIndex r, RegionWord& old, RegionWord next) {
    std::uint64_t expected = old.bits();
    const bool done = words_[value(r)].compare_exchange_strong(expected, next.bits(), Protocol::word_change,
                                                               Protocol::word_refused);
    if (!done) old = RegionWord{expected};
    return done;
  }
  TransitionResult change(RegionIndex r, RegionState from, RegionState to,
                          std::optional<std::uint32_t> payload, const RegionWord* seen = nullptr) {
    // Free -> Allocating needs a kind and is claim()'s alone.
    if (!is_legal(from, to) || from == RegionState::Free) return {TransitionOutcome::Illegal, from, to};
    if (payload) SHUNT_CHECK(*payload, <=, RegionWord::max_payload);
    RegionWord old = word(r);
    do {
      const bool same = seen ? old.with_pins(0) == seen->with_pins(0) : old.is(from);
      if (!same) return {TransitionOutcome::Changed, old.state(), to};
      if (from == RegionState::Live && old.is_pinned()) return {TransitionOutcome::Pinned, from, to};
    } while (!replace(r, old, successor(old, to, payload)));
    return {TransitionOutcome::Done, from, to};
  }

  // ---- Claims

  // Looks with search(first, end, hint) from the hint up, then below it, until it finds something or nothing
  // was given back while it looked: then each region was taken at the moment the look ended.
  template <class Search>
  RegionIndex scan(Search search, std::uint32_t count) {
    for (;;) {
      const std::uint64_t hint = control_->hint.load(Protocol::hint_read);
      if (was_unmet(hint, count)) return RegionIndex::none;
      const std::uint32_t start = index_in(hint);
      std::uint32_t found = search(start, size_, hint);
      if (found == nowhere) found = search(0, below_hint_end(start, count), hint);
      if (found != nowhere) return RegionIndex{found};
      if (control_->hint.load(Protocol::hint_read) >> 32 == hint >> 32) {
        note_unmet(hint, count);
        return RegionIndex::none;
      }
    }
  }
  // What was not there is not there before something is released: claims only take. Relaxed: it is a fact
  // about a number of releases, whoever found it and whenever it is read. (2^32 releases later it would be
  // believed again, until the next.)
  bool was_unmet(std::uint64_t hint, std::uint32_t count) const {
    const std::uint64_t unmet = control_->unmet.load(std::memory_order_relaxed);
    const std::uint32_t least = static_cast<std::uint32_t>(unmet);
    return least != 0 && least <= count && unmet >> 32 == hint >> 32;
  }
  void note_unmet(std::uint64_t hint, std::uint32_t count) {
    control_->unmet.store((hint & ~std::uint64_t{0xFFFF'FFFF}) | count, std::memory_order_relaxed);
  }
  // A run that starts below the hint may end above it.
  std::uint32_t below_hint_end(std::uint32_t start, std::uint32_t count) const {
    const std::uint64_t end = std::uint64_t{start} + count - 1;
    return end < size_ ? static_cast<std::uint32_t>(end) : size_;
  }

  std::uint32_t claim_in_stretch(RegionKind kind, ClaimHint& own) {
    if (own.start() == nowhere) return nowhere;
    const std::uint32_t end = std::min(own.start() + ClaimHint::stretch, size_);
    for (std::uint32_t i = own.start(); i < end; ++i) {
      if (is_free(i) && claim_one(i, kind)) return i;
    }
    own.leave();
    return nowhere;
  }
  std::uint32_t search_one(std::uint32_t first, std::uint32_t end, RegionKind kind, std::uint64_t hint,
                           ClaimHint& own) {
    for (std::uint32_t i = first; i < end; ++i) {
      if (!is_free(i)) continue;
      if (claim_one(i, kind)) {
        // None from the hint to here is Free: seen to be taken, or lost to another thread.
        if (first == index_in(hint)) advance_hint(hint, i + 1);
        return i;
      }
      own.move_on_from(i, size_);
      const std::uint32_t near = claim_in_stretch(kind, own);
      if (near != nowhere) return near;
    }
    return nowhere;
  }
  bool claim_one(std::uint32_t i, RegionKind kind) {
    raise_high_water(i + 1);
    return claim_word(i, kind, 0);
  }

  // Looks at each window of `count` regions from its end down, so that a taken region rules out all windows
  // with it at once; then claims it.
  std::uint32_t search_run(std::uint32_t first, std::uint32_t end, std::uint32_t count) {
    for (std::uint32_t start = first; start <= end && end - start >= count;) {
      std::uint32_t k = count;
      while (k > 0 && is_free(start + k - 1)) --k;
      if (k == 0) {
        const std::uint32_t taken = try_claim(start, count);
        if (taken == nowhere) return start;
        start = taken + 1;
      } else {
        start += k;
      }
    }
    return nowhere;
  }

  // Claims [start, start + count) from the end down, so that a head is never seen without its tails. Answers
  // nowhere when done, else the region that was taken, with nothing left claimed. All threads claim
  // downwards, so of those whose runs overlap the one that holds the lowest region goes on: no two defeat
  // each other for ever.
  std::uint32_t try_claim(std::uint32_t start, std::uint32_t count) {
    raise_high_water(start + count);
    for (std::uint32_t k = count; k-- > 0;) {
      const bool claimed = k == 0 ? claim_word(start, RegionKind::LargeHead, count)
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
    if (!Protocol::undoes_failed_claims || first == end) return;
    for (std::uint32_t i = first; i < end; ++i) {
      change(RegionIndex{i}, RegionState::Allocating, RegionState::Free, std::nullopt);
    }
    lower_hint(first);
  }

  // The hint is a place below which no region was Free, with the number of releases so far: a claim that
  // scanned past a region before that was released cannot push the hint over it. (It could if 2^32 releases
  // happened during its scan; then the region is found by the scan below the hint.)
  static std::uint32_t index_in(std::uint64_t hint) { return static_cast<std::uint32_t>(hint); }
  // One try: if it fails somebody knew better. Relaxed: it says nothing about what was released.
  void advance_hint(std::uint64_t seen, std::uint32_t to) {
    const std::uint64_t next = (seen & ~std::uint64_t{0xFFFF'FFFF}) | to;
    control_->hint.compare_exchange_strong(seen, next, std::memory_order_relaxed, std::memory_order_relaxed);
  }
  void lower_hint(std::uint32_t i) {
    std::uint64_t seen = control_->hint.load(std::memory_order_relaxed), next;
    do {
      next = ((seen >> 32) + 1) << 32 | std::min(i, index_in(seen));
    } while (
        !control_->hint.compare_exchange_weak(seen, next, Protocol::hint_lower, std::memory_order_relaxed));
  }
  // Before the claim, so that who walks up to the mark misses no claimed region that he knows of.
  void raise_high_water(std::uint32_t to) {
    std::uint32_t seen = control_->high_water.load(std::memory_order_relaxed);
    while (seen < to && !control_->high_water.compare_exchange_weak(seen, to, std::memory_order_relaxed,
                                                                    std::memory_order_relaxed)) {
    }
  }

  Address base_ = Address::null;
  unsigned shift_ = 0;
  std::uint32_t size_ = 0;
  Word* words_ = nullptr;
  Control* control_ = nullptr;
};

using RegionTable = BasicRegionTable<>;

}  // namespace shunt
