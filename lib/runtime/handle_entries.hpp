// Names for objects that stay the same while the objects move: the lock-free core of the handle table.
//
//   entry, 32 bytes:   address 8 | size 8 | generation 4 | alignment_shift 4 | next_free 4 | unused 4
//
// Keeps true: an entry's generation is odd exactly while it is live, and grows by one at each create and
// release, so a stale handle, or one released twice, is told from a live one (until 2^31 reuses of one
// entry). The handle {0, 0} is never live: use it as null. Free entries are a stack whose head carries a tag
// against ABA; never-used entries come from a counter. A view over zeroed memory that the caller keeps
// (HandleTable does); a template so that the explorer can run it (tests/runtime/exploration_handles.cpp).
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/result.hpp"

namespace shunt {

struct Handle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const Handle&) const = default;
};

// What a handle names: address, and size and alignment as they were asked for.
struct HandleTarget {
  Address address = Address::null;
  std::size_t size = 0;
  std::size_t alignment = 0;
  constexpr bool operator==(const HandleTarget&) const = default;
};

// The memory orders by name, as RegionProtocol has them; docs/memory-order.md has the reasons.
struct HandleProtocol {
  // A live generation publishes the target; a dead one is seen by who has read anything of the next life.
  static constexpr auto generation_read = std::memory_order_acquire;     // pairs with generation_publish
  static constexpr auto generation_publish = std::memory_order_release;  // pairs with generation_read
  static constexpr auto target_read = std::memory_order_acquire;         // pairs with target_write
  static constexpr auto target_write = std::memory_order_release;        // pairs with target_read
  // The free stack hands over the entry below, and the generation that the pusher left.
  static constexpr auto free_pop = std::memory_order_acquire;   // pairs with free_push
  static constexpr auto free_push = std::memory_order_release;  // pairs with free_pop
  // Each pop changes the head, so that a pop that has looked at an older stack fails.
  static constexpr bool tags_free_stack = true;
};

template <template <class> class Atomic = std::atomic, class Protocol = HandleProtocol>
class BasicHandleEntries {
 public:
  struct Entry {
    Atomic<std::uintptr_t> address;
    Atomic<std::size_t> size;
    Atomic<std::uint32_t> generation;
    Atomic<std::uint32_t> alignment_shift;
    Atomic<std::uint32_t> next_free;  // index + 1 of the free entry below, 0 at the bottom
    std::uint32_t unused;
  };
  // All zeros at first: an empty stack, no entry used.
  struct Control {
    Atomic<std::uint64_t> free_top;  // tag << 32 | index + 1
    Atomic<std::uint32_t> used;      // entries below were live at some time
    Atomic<std::uint32_t> live;
  };

  BasicHandleEntries() = default;
  BasicHandleEntries(Control& control, Entry* entries, std::uint32_t capacity)
      : control_(&control), entries_(entries), capacity_(capacity) {}

  // `alignment` is a power of two or 0 (kept as 1). Error: the table is full. O(1), thread-safe, lock-free.
  Result<Handle> create(const HandleTarget& target) {
    auto index = pop_free();
    if (!index) index = take_unused();
    // Between the two looks another thread may have given an entry back.
    if (!index) index = pop_free();
    if (!index)
      return Error{"create a handle", 0, "release handles, or open the table with a greater capacity"};
    Entry& entry = entries_[*index];
    set_target(entry, target);
    const std::uint32_t generation = entry.generation.load(std::memory_order_relaxed) + 1;
    entry.generation.store(generation, Protocol::generation_publish);
    control_->live.fetch_add(1, std::memory_order_relaxed);
    return Handle{*index, generation};
  }
  // What it named, or nothing if the handle is not live (stale, released twice, foreign). Of several threads
  // that release one handle, one gets the answer. O(1), thread-safe, lock-free.
  std::optional<HandleTarget> release(Handle handle) {
    if (!names_live(handle)) return std::nullopt;
    Entry& entry = entries_[handle.index];
    const HandleTarget target = target_of(entry);
    std::uint32_t expected = handle.generation;
    // Of two releases one wins. Relaxed: had a field of `target` come from the entry's next life, target_read
    // would have made this life's end visible, and the exchange would fail.
    if (!entry.generation.compare_exchange_strong(expected, handle.generation + 1,
                                                  std::memory_order_relaxed)) {
      return std::nullopt;
    }
    control_->live.fetch_sub(1, std::memory_order_relaxed);
    push_free(handle.index);
    return target;
  }
  // What it names, or nothing if the handle is not live. O(1), thread-safe, wait-free.
  std::optional<HandleTarget> resolve(Handle handle) const {
    if (!names_live(handle)) return std::nullopt;
    const HandleTarget target = target_of(entries_[handle.index]);
    // If a field came from the entry's next life, target_of() made the release visible here.
    if (!names_live(handle)) return std::nullopt;
    return target;
  }
  // Names something else (a moved or a grown object). False if not live. Nobody else may use this handle
  // meanwhile.
  bool retarget(Handle handle, const HandleTarget& target) {
    if (!names_live(handle)) return false;
    set_target(entries_[handle.index], target);
    return true;
  }

  // Exact while nobody creates or releases.
  std::uint32_t live_count() const { return control_->live.load(std::memory_order_relaxed); }
  std::uint32_t capacity() const { return capacity_; }

  // Calls visit(Handle, const HandleTarget&) for every live handle, by index. While mutators are stopped, or
  // the answer is a blurred snapshot. O(most handles that were ever live at once).
  template <class Visitor>
  void for_each_live(Visitor&& visit) const {
    const std::uint32_t end = control_->used.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < end; ++i) {
      const Handle handle{i, entries_[i].generation.load(Protocol::generation_read)};
      if (is_live_generation(handle.generation)) visit(handle, target_of(entries_[i]));
    }
  }
  // address = forward(address) in every live entry. What a compactor does while mutators are stopped.
  template <class Forward>
  void rewrite_addresses(Forward&& forward) {
    const std::uint32_t end = control_->used.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < end; ++i) {
      Entry& entry = entries_[i];
      if (!is_live_generation(entry.generation.load(Protocol::generation_read))) continue;
      const Address old{entry.address.load(std::memory_order_relaxed)};  // relaxed: mutators are stopped
      entry.address.store(value(forward(old)), Protocol::target_write);
    }
  }

 private:
  static constexpr bool is_live_generation(std::uint32_t g) { return (g & 1u) != 0; }
  // An entry never used reads as generation 0.
  bool names_live(Handle handle) const {
    if (!is_live_generation(handle.generation) || handle.index >= capacity_) return false;
    return entries_[handle.index].generation.load(Protocol::generation_read) == handle.generation;
  }
  static HandleTarget target_of(const Entry& entry) {
    return {Address{entry.address.load(Protocol::target_read)}, entry.size.load(Protocol::target_read),
            std::size_t{1} << entry.alignment_shift.load(Protocol::target_read)};
  }
  // Who reads one of these sees that the former life is over: see resolve().
  static void set_target(Entry& entry, const HandleTarget& target) {
    const auto shift =
        static_cast<std::uint32_t>(std::countr_zero(std::max<std::size_t>(target.alignment, 1)));
    entry.address.store(value(target.address), Protocol::target_write);
    entry.size.store(target.size, Protocol::target_write);
    entry.alignment_shift.store(shift, Protocol::target_write);
  }

  std::optional<std::uint32_t> pop_free() {
    std::uint64_t top = control_->free_top.load(Protocol::free_pop);
    for (;;) {
      const std::uint32_t index_plus_one = static_cast<std::uint32_t>(top);
      if (index_plus_one == 0) return std::nullopt;
      // Maybe stale, if another thread has popped it: then the tag has changed and the exchange fails.
      const std::uint32_t next = entries_[index_plus_one - 1].next_free.load(std::memory_order_relaxed);
      const std::uint64_t tag = (top >> 32) + (Protocol::tags_free_stack ? 1 : 0);
      if (control_->free_top.compare_exchange_weak(top, tag << 32 | next, Protocol::free_pop,
                                                   Protocol::free_pop)) {
        return index_plus_one - 1;
      }
    }
  }
  std::optional<std::uint32_t> take_unused() {
    std::uint32_t used = control_->used.load(std::memory_order_relaxed);
    do {
      if (used == capacity_) return std::nullopt;
    } while (!control_->used.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return used;
  }
  void push_free(std::uint32_t index) {
    std::uint64_t top = control_->free_top.load(std::memory_order_relaxed), pushed;
    do {
      entries_[index].next_free.store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
      pushed = (top & ~std::uint64_t{0xFFFF'FFFF}) | (index + 1);
    } while (!control_->free_top.compare_exchange_weak(top, pushed, Protocol::free_push,
                                                       std::memory_order_relaxed));
  }

  Control* control_ = nullptr;
  Entry* entries_ = nullptr;
  std::uint32_t capacity_ = 0;
};

}  // namespace shunt
