// Look-up as allocators do it: a two-level radix tree over the address (tcmalloc's page map, jemalloc's rtree
// without its per-thread cache, which random addresses would only miss).
//
// As strong as it gets: it is built for regions, not for pages, so two levels reach over the 47 bits of user
// space; the root is an array in the tree itself, both reads are single acquire loads, nothing is locked. An
// address that nobody entered is answered (0), as an allocator's tree answers it. Leaves are never given
// back. Writers exclude each other; readers need nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/address.hpp"

namespace shunt::baselines {

template <unsigned unit_shift>
class RadixTree {
 public:
  RadixTree() = default;
  RadixTree(const RadixTree&) = delete;
  RadixTree& operator=(const RadixTree&) = delete;
  ~RadixTree() {
    for (const auto& leaf : root_) delete leaf.load(std::memory_order_relaxed);
  }

  // The word of the unit that `a` is in; 0 where none was set. Two dependent loads.
  std::uint64_t find(Address a) const {
    if (value(a) >> address_bits != 0) [[unlikely]]
      return 0;
    // acquire: pairs with the release in set()
    const Leaf* leaf = root_[value(a) >> root_shift].load(std::memory_order_acquire);
    if (leaf == nullptr) [[unlikely]]
      return 0;
    return (*leaf)[in_leaf(a)].load(std::memory_order_acquire);  // pairs with the release in set()
  }

  void set(Address a, std::uint64_t word) {
    const std::lock_guard lock(writers_);
    std::atomic<Leaf*>& slot = root_[value(a) >> root_shift];
    Leaf* leaf = slot.load(std::memory_order_relaxed);
    if (leaf == nullptr) {
      leaf = std::make_unique<Leaf>().release();
      slot.store(leaf, std::memory_order_release);  // pairs with find()
    }
    (*leaf)[in_leaf(a)].store(word, std::memory_order_release);  // pairs with find()
  }

 private:
  static constexpr unsigned address_bits = 47;
  static constexpr unsigned leaf_bits = (address_bits - unit_shift) / 2;
  static constexpr unsigned root_shift = unit_shift + leaf_bits;
  using Leaf = std::array<std::atomic<std::uint64_t>, std::size_t{1} << leaf_bits>;

  static std::size_t in_leaf(Address a) {
    return value(a) >> unit_shift & ((std::size_t{1} << leaf_bits) - 1);
  }

  std::array<std::atomic<Leaf*>, std::size_t{1} << (address_bits - root_shift)> root_{};
  std::mutex writers_{};
};

}  // namespace shunt::baselines
