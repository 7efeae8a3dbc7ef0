// Precise roots as handles: a small name for an object that stays the same while the object moves.
//
//   entry, 32 bytes:   address 8 | size 8 | generation 4 | alignment_shift 4 | next_free 4 | unused 4
//
// Keeps true: an entry's generation is odd exactly while it is live, and grows by one at each create and
// release, so a stale handle, or one released twice, is told from a live one (until 2^31 reuses of one
// entry). The handle {0, 0} is never live: use it as null. Lock-free: free entries are a stack whose head
// carries a tag against ABA; never-used entries come from a counter. Metadata memory is sparse: a table for
// 2^24 handles costs memory only for the most that were live at once. Does not know the heap: it neither
// allocates nor frees what it names.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/metadata_memory.hpp"

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

class HandleTable {
 public:
  // Room for `capacity` live handles, 1 to 2^32 - 2. Errors: capacity, the kernel's ENOMEM.
  static Result<HandleTable> open(const os::SystemCalls&, std::uint32_t capacity);
  HandleTable(HandleTable&&) noexcept = default;

  // `alignment` is a power of two or 0 (kept as 1). Error: the table is full. O(1), thread-safe, lock-free.
  Result<Handle> create(const HandleTarget&);
  // What it named, or nothing if the handle is not live (stale, released twice, foreign). Of several threads
  // that release one handle, one gets the answer. O(1), thread-safe, lock-free.
  std::optional<HandleTarget> release(Handle);
  // What it names, or nothing if the handle is not live. O(1), thread-safe, wait-free.
  std::optional<HandleTarget> resolve(Handle) const;
  // Names something else (a moved or a grown object). False if not live. Nobody else may use this handle
  // meanwhile.
  bool retarget(Handle, const HandleTarget&);

  // Exact while nobody creates or releases.
  std::uint32_t live_count() const;
  std::uint32_t capacity() const { return capacity_; }

  // Calls visit(Handle, const HandleTarget&) for every live handle, by index. While mutators are stopped, or
  // the answer is a blurred snapshot. O(most handles that were ever live at once).
  template <class Visitor>
  void for_each_live(Visitor&& visit) const {
    const std::uint32_t end = used_entries();
    for (std::uint32_t i = 0; i < end; ++i) {
      const Handle handle{i, entries_[i].generation.load(std::memory_order_acquire)};  // pairs with create()
      if (is_live_generation(handle.generation)) visit(handle, target_of(entries_[i]));
    }
  }
  // address = forward(address) in every live entry. What a compactor does while mutators are stopped.
  template <class Forward>
  void rewrite_addresses(Forward&& forward) {
    const std::uint32_t end = used_entries();
    for (std::uint32_t i = 0; i < end; ++i) {
      Entry& entry = entries_[i];
      if (!is_live_generation(entry.generation.load(std::memory_order_acquire)))
        continue;                                                           // pairs with create()
      const Address old{entry.address.load(std::memory_order_relaxed)};     // relaxed: mutators are stopped
      entry.address.store(value(forward(old)), std::memory_order_release);  // pairs with target_of()
    }
  }

 private:
  struct Entry {
    std::atomic<std::uintptr_t> address;
    std::atomic<std::size_t> size;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::uint32_t> alignment_shift;
    std::atomic<std::uint32_t> next_free;  // index + 1 of the free entry below, 0 at the bottom
    std::uint32_t unused;
  };
  static_assert(sizeof(Entry) == 32);
  // All zeros at first: an empty stack, no entry used.
  struct Control {
    std::atomic<std::uint64_t> free_top;  // tag << 32 | index + 1
    std::atomic<std::uint32_t> used;      // entries below were live at some time
    std::atomic<std::uint32_t> live;
  };

  HandleTable() = default;
  static constexpr bool is_live_generation(std::uint32_t g) { return (g & 1u) != 0; }
  std::uint32_t used_entries() const;
  bool names_live(Handle) const;
  static HandleTarget target_of(const Entry&);
  static void set_target(Entry&, const HandleTarget&);
  std::optional<std::uint32_t> pop_free();
  std::optional<std::uint32_t> take_unused();
  void push_free(std::uint32_t index);

  os::MetadataMemory memory_;
  Control* control_ = nullptr;
  Entry* entries_ = nullptr;
  std::uint32_t capacity_ = 0;
};

}  // namespace shunt
