// What the heap knows about a region beside its word: how far it is filled, how many bytes in it live, and
// the shape of a large object. One record a region, in a sparse side array; all zeros is the record of a Free
// region.
//
// Written by the allocator that owns an Allocating region, by releases of objects, and by the compactor while
// mutators are parked. Barriers never read it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.hpp"
#include "base/check.hpp"

namespace shunt {

// The memory orders by name, as RegionProtocol has them; docs/memory-order.md has the reasons.
struct RecordProtocol {
  // Who brings the live count to 0, or finds it there, goes on to empty the region: after all that the others
  // did to it before they took their objects off the count.
  static constexpr auto live_subtract = std::memory_order_acq_rel;  // pairs with live_read and with itself
  static constexpr auto live_read = std::memory_order_acquire;      // pairs with live_subtract
};

template <template <class> class Atomic = std::atomic, class Protocol = RecordProtocol>
class BasicRegionRecord {
 public:
  // Bytes from the region's start that were ever handed out, alignment gaps included.
  std::uint32_t top() const { return top_.load(std::memory_order_relaxed); }
  void set_top(std::uint32_t bytes) { top_.store(bytes, std::memory_order_relaxed); }

  // Bytes of objects and of open allocation buffers; a large object's are all on its head.
  std::uint64_t live_bytes() const { return live_.load(Protocol::live_read); }
  // Relaxed: bytes are added while the region is Allocating or its mutators are parked, and whoever subtracts
  // them has got the object from who added them.
  void add_live(std::uint64_t bytes) { live_.fetch_add(bytes, std::memory_order_relaxed); }
  // Answers the new count.
  std::uint64_t subtract_live(std::uint64_t bytes) {
    const std::uint64_t before = live_.fetch_sub(bytes, Protocol::live_subtract);
    SHUNT_CHECK(before, >=, bytes);
    return before - bytes;
  }
  // For a marker that has counted better; mutators parked.
  void set_live(std::uint64_t bytes) { live_.store(bytes, std::memory_order_relaxed); }

  // As the word's payload while Allocating or Live: regions of a head, distance of a tail, else 0.
  std::uint32_t shape() const { return shape_.load(std::memory_order_relaxed); }
  void set_shape(std::uint32_t n) { shape_.store(n, std::memory_order_relaxed); }

  // [from, from + bytes) of a region of `region_bytes`, aligned; where it starts, or `no_room`. Takes less
  // than `wanted`, but at least `needed`, where the region ends; `taken` says how much. Thread-safe,
  // lock-free.
  static constexpr std::uint32_t no_room = 0xFFFF'FFFF;
  std::uint32_t carve(std::size_t needed, std::size_t wanted, std::size_t alignment, std::size_t region_bytes,
                      std::size_t& taken) {
    std::uint32_t old = top();
    for (;;) {
      const std::size_t start = align_up(old, alignment);
      if (start > region_bytes || region_bytes - start < needed) return no_room;
      taken = region_bytes - start < wanted ? region_bytes - start : wanted;
      // relaxed: the counter carries no data; what is in the bytes is published with the objects' addresses
      if (top_.compare_exchange_weak(old, static_cast<std::uint32_t>(start + taken),
                                     std::memory_order_relaxed)) {
        return static_cast<std::uint32_t>(start);
      }
    }
  }
  // Takes [from, to) back if it is the last that was carved. Only while the region is certainly still
  // Allocating.
  bool uncarve(std::uint32_t from, std::uint32_t to) {
    return top_.compare_exchange_strong(to, from, std::memory_order_relaxed);
  }

  void reset() {
    set_top(0);
    set_live(0);
    set_shape(0);
  }

 private:
  Atomic<std::uint32_t> top_;
  Atomic<std::uint32_t> shape_;
  Atomic<std::uint64_t> live_;
};

using RegionRecord = BasicRegionRecord<>;
static_assert(sizeof(RegionRecord) == 16);

}  // namespace shunt
