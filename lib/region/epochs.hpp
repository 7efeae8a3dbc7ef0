// Epochs: what a reader may still look at is not reused, and a reader pays a store to say that it looks.
//
// A reader enters by copying the global epoch into its slot, and leaves by writing "outside". A reclaimer
// unlinks something (no reference to it is left to be found), takes a stamp, which moves the global epoch on,
// and may reuse it once each slot is outside or holds an epoch above the stamp. Why no reader inside can
// still name it then:
// - A slot holds an epoch above the stamp: the reader read it from the global epoch, so after the unlinking
// (epoch_read,
//   epoch_advance), and finds nothing. Whatever the slot holds later is higher still.
// - A slot is outside: either the reader left, and what it did comes before the reuse (slot_leave,
// slot_scan), or its
//   entry is not visible yet: then the barriers between say that what it looks at after its entry is later
//   than the unlinking. That covers the reader that has read the epoch and not stored it: it may store an
//   epoch at or below the stamp afterwards, names nothing of that stamp all the same, and delays what needs
//   no delay.
// - A slot holds an epoch at or below the stamp: not reused. A reader that stays inside delays what was
//   unlinked since it entered, nothing else.
//
// The barrier is light for readers where the reclaimer can run a heavy one (os/process_barrier.hpp); bit 0 of
// the global epoch says so, is copied into the slot with it, and stays while the reader is outside. So a
// reclaimer sees which readers owe their order to the heavy barrier. When that is refused in mid-life, bit 0
// of the global epoch goes for good: readers fence from their next entry on, and an outside slot that still
// has the bit counts as inside, because its next entry may be invisible. A slot that is all zeros is outside
// and trusted: nobody's, or of a reader that fences.
//
// Does not know what is reclaimed (quarantine.hpp). A view over zeroed sparse memory that the caller keeps.
// enter() and leave() are wait-free, the rest lock-free. Protects names (words, forwarding, addresses), not
// contents: pages of what died are dropped before.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "base/result.hpp"
#include "os/process_barrier.hpp"
#include "region/epoch_protocol.hpp"
#include "region/epoch_statistics.hpp"
#include "region/reader_name.hpp"

namespace shunt {

// `Barrier` has light() and full(), static, and enroll() and run() as os::ProcessBarrier has them.
template <template <class> class Atomic = std::atomic, class Protocol = EpochProtocol,
          class Barrier = os::ProcessBarrier>
class BasicEpochs {
 public:
  static constexpr std::uint32_t maximum_readers = 4096;

  // A cache line each, so that readers do not slow each other. Zero: nobody's.
  struct alignas(64) Slot {
    Atomic<std::uint64_t> entered;  // epoch << 1 | asymmetric; epoch 0: outside
    Atomic<std::uint32_t> taken;
    ReaderName name;
  };
  struct alignas(64) Control {
    Atomic<std::uint64_t> epoch;          // epoch << 1 | asymmetric
    Atomic<std::uint32_t> slots_touched;  // no slot at or above it was ever taken
  };

  // One thread's way to be inside. Not thread-safe; leaves the epoch and gives its slot back when destroyed.
  class Reader {
   public:
    Reader(Reader&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)),
          control_(other.control_),
          outside_(other.outside_),
          depth_(std::exchange(other.depth_, 0)) {}
    Reader& operator=(Reader&&) = delete;
    ~Reader() { part(); }

    // What is named from here to leave() stays what it is. Nests. Wait-free: a load and a store.
    void enter() {
      if (depth_++ != 0) return;
      const std::uint64_t now = control_->epoch.load(Protocol::epoch_read);
      slot_->entered.store(now, Protocol::slot_enter);
      if constexpr (Protocol::reader_bars) {
        if ((now & asymmetric) != 0) [[likely]] {
          Barrier::light();
        } else {
          Barrier::full();
          outside_ = 0;  // for good: the global epoch does not become asymmetric again
        }
      }
    }
    void leave() {
      SHUNT_CHECK_SHALLOW(depth_, !=, 0);
      if (--depth_ != 0) return;
      slot_->entered.store(outside_, Protocol::slot_leave);
    }
    bool is_inside() const { return depth_ != 0; }

   private:
    friend BasicEpochs;
    Reader(Slot& slot, Control& control, std::uint64_t outside)
        : slot_(&slot), control_(&control), outside_(outside) {}
    void part() {
      if (slot_ != nullptr) vacate(*slot_);
      slot_ = nullptr;
    }

    Slot* slot_;
    Control* control_;
    std::uint64_t
        outside_;  // what the slot holds while outside: asymmetric, or 0 since an entry with a fence
    std::uint32_t depth_ = 0;
  };

  // Inside for as long as it lives.
  class Guard {
   public:
    explicit Guard(Reader& reader) : reader_(reader) { reader_.enter(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { reader_.leave(); }

   private:
    Reader& reader_;
  };

  BasicEpochs() = default;
  // Both must outlive every copy of this view and every reader. Call once for the zeroed memory.
  BasicEpochs(std::span<Slot> slots, Control& control, const Barrier& barrier)
      : slots_(slots), control_(&control), barrier_(barrier) {
    // relaxed: whoever is told of the epochs is told after this
    control.epoch.store(2 | asymmetric, std::memory_order_relaxed);
  }

  // A slot for the calling thread. `name` (15 characters are kept) is what the statistics call it. Error:
  // every slot is taken. O(slots taken), and what Barrier::enroll() takes: tens of milliseconds the first
  // time in a process that has threads.
  Result<Reader> join(std::string_view name) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (!take(slots_[i])) continue;
      slots_[i].name.set(name);
      raise_slots_touched(i + 1);
      if (is_asymmetric() && !barrier_.enroll()) make_readers_fence();
      const std::uint64_t mode = control_->epoch.load(std::memory_order_relaxed) & asymmetric;
      slots_[i].entered.store(mode, Protocol::slot_enter);
      if constexpr (Protocol::joiner_fences) Barrier::full();
      return Reader(slots_[i], *control_, mode);
    }
    return Error{"join the epochs", 0, "at most 4096 readers at a time: let some leave for good"};
  }

  // For a reclaimer that has unlinked something: its stamp, which is never 0. Later stamps are higher.
  std::uint64_t retire() { return control_->epoch.fetch_add(2, Protocol::epoch_advance) >> 1; }
  // Whatever has a stamp below the answer may be reused. `oldest` is the oldest stamp that waits: if a reader
  // is seen to hold that back, nothing more is asked. Runs the heavy barrier only where nobody is seen to
  // hold back `oldest` and a reader that does not fence is outside. O(slots ever taken at once).
  std::uint64_t reusable_below(std::uint64_t oldest) {
    const std::uint64_t now = control_->epoch.load(Protocol::epoch_read) >> 1;
    if constexpr (Protocol::reclaimer_fences) Barrier::full();
    const Seen first = look(now);
    if (first.oldest <= oldest) return 0;
    if (!first.any_untrusted || !Protocol::reclaimer_runs_heavy) return first.oldest;
    if (barrier_.run()) return look(now).oldest;
    make_readers_fence();
    return 0;
  }
  // False: there never was a reader, so whatever is unlinked may be reused, and readers to come cannot name
  // it.
  bool ever_joined() const {
    if constexpr (Protocol::reclaimer_fences) Barrier::full();
    return control_->slots_touched.load(std::memory_order_relaxed) != 0;
  }

  // In a child of fork, which has the forking thread alone: parts all readers but `mine` (null: all). Their
  // Reader objects must not be used or destroyed in the child. Not thread-safe.
  void part_all_but(const Reader* mine) {
    const std::uint32_t end = control_->slots_touched.load(std::memory_order_relaxed);
    for (Slot& slot : slots_.first(end)) {
      const bool taken = slot.taken.load(std::memory_order_relaxed) != 0;
      if (taken && (mine == nullptr || mine->slot_ != &slot)) vacate(slot);
    }
  }

  // True while readers owe nothing but a store: the heavy barrier has not been refused.
  bool is_asymmetric() const { return (control_->epoch.load(std::memory_order_relaxed) & asymmetric) != 0; }
  // A snapshot. `oldest_waiting` is the oldest stamp that waits, 0 for none. O(slots ever taken at once).
  EpochStatistics statistics(std::uint64_t oldest_waiting) const;

 private:
  static constexpr std::uint64_t asymmetric = 1;

  struct Seen {
    std::uint64_t oldest;        // the lowest epoch in a slot, or what was given
    bool any_untrusted = false;  // outside, and its next entry may be invisible without a heavy barrier
  };
  Seen look(std::uint64_t now) const {
    Seen seen{now};
    const std::uint32_t end = control_->slots_touched.load(std::memory_order_relaxed);
    for (const Slot& slot : slots_.first(end)) {
      const std::uint64_t entered = slot.entered.load(Protocol::slot_scan);
      if (entered == asymmetric) seen.any_untrusted = true;
      if (entered > asymmetric) seen.oldest = std::min(seen.oldest, entered >> 1);
    }
    return seen;
  }

  // relaxed: a read-modify-write, so who reads it still reads what epoch_advance published
  void make_readers_fence() { control_->epoch.fetch_and(~asymmetric, std::memory_order_relaxed); }

  static bool take(Slot& slot) {
    std::uint32_t expected = slot.taken.load(std::memory_order_relaxed);
    return expected == 0 &&
           slot.taken.compare_exchange_strong(expected, 1, Protocol::slot_take, std::memory_order_relaxed);
  }
  static void vacate(Slot& slot) {
    slot.entered.store(0, Protocol::slot_leave);
    slot.taken.store(0, Protocol::slot_give);
  }
  // Before the slot is used, and joiner_fences stands between: who looks sees the slot or is seen.
  void raise_slots_touched(std::uint32_t to) {
    std::uint32_t seen = control_->slots_touched.load(std::memory_order_relaxed);
    while (seen < to && !control_->slots_touched.compare_exchange_weak(seen, to, std::memory_order_relaxed,
                                                                       std::memory_order_relaxed)) {
    }
  }

  std::span<Slot> slots_{};
  Control* control_ = nullptr;
  Barrier barrier_{};
};

template <template <class> class Atomic, class Protocol, class Barrier>
EpochStatistics BasicEpochs<Atomic, Protocol, Barrier>::statistics(std::uint64_t oldest_waiting) const {
  EpochStatistics s;
  s.asymmetric = is_asymmetric();
  const std::uint32_t end = control_->slots_touched.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < end; ++i) {
    const Slot& slot = slots_[i];
    if (slot.taken.load(std::memory_order_relaxed) == 0) continue;
    ++s.readers;
    const std::uint64_t entered = slot.entered.load(std::memory_order_relaxed);
    const std::uint64_t epoch = entered >> 1;
    if (epoch != 0) ++s.inside;
    if (epoch != 0 && (s.oldest_epoch == 0 || epoch < s.oldest_epoch)) s.oldest_epoch = epoch;
    // Outside and not trusted (0) is older than any epoch.
    const bool holds_back = epoch != 0 ? epoch <= oldest_waiting : entered == asymmetric && !s.asymmetric;
    if (oldest_waiting == 0 || !holds_back) continue;
    if (s.stalled_slot != EpochStatistics::nobody && epoch >= s.stalled_epoch) continue;
    s.stalled_slot = i;
    s.stalled_epoch = epoch;
    slot.name.copy_to(s.stalled_name);
  }
  return s;
}

using Epochs = BasicEpochs<>;
using EpochReader = Epochs::Reader;
using EpochGuard = Epochs::Guard;

}  // namespace shunt
