// Free regions in a lock-free stack: Treiber's, with a counter beside the index against ABA (R. K. Treiber,
// "Systems programming: coping with parallelism", IBM RJ 5118, 1986).
//
// The least that claim and release can cost without a lock: one load and one compare-exchange each. It
// promises less than Shunt's table: no address order (a claim gets what was released last), no contiguous
// regions, no state that somebody could look up.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace shunt::baselines {

class FreeStack {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  // No region is free yet.
  explicit FreeStack(std::uint32_t regions) : below_(regions) {}

  // Any free region, or none. Lock-free.
  std::uint32_t claim() {
    // acquire, here and on failure: pairs with the releases of release(), so below_ of the top is seen
    std::uint64_t top = top_.load(std::memory_order_acquire);
    for (;;) {
      const std::uint32_t region = index_of(top);
      if (region == none) return none;
      const std::uint32_t below = below_[region].load(std::memory_order_relaxed);
      if (top_.compare_exchange_weak(top, next(top, below), std::memory_order_acquire)) return region;
    }
  }
  // Lock-free.
  void release(std::uint32_t region) {
    std::uint64_t top = top_.load(std::memory_order_relaxed);
    do {
      below_[region].store(index_of(top), std::memory_order_relaxed);
      // release: pairs with claim()
    } while (!top_.compare_exchange_weak(top, next(top, region), std::memory_order_release,
                                         std::memory_order_relaxed));
  }

 private:
  static std::uint32_t index_of(std::uint64_t top) { return static_cast<std::uint32_t>(top); }
  static std::uint64_t next(std::uint64_t top, std::uint32_t index) {
    return ((top >> 32) + 1) << 32 | index;
  }

  alignas(64) std::atomic<std::uint64_t> top_{none};  // counter << 32 | index
  alignas(64) std::vector<std::atomic<std::uint32_t>> below_;
};

}  // namespace shunt::baselines
