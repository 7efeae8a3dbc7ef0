// A bump arena over memory that somebody else provides.
//
// The planner and its like allocate from it, so that they make no system call and never touch the host's
// malloc (invariant 5). It never frees singly; reset() makes everything available again. Memory handed out is
// zeroed by the caller of the arena, not by it, except through allocate_array(), which value-initializes. Not
// thread-safe: one arena, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "base/address.hpp"

namespace shunt {

class Arena {
 public:
  Arena() = default;
  explicit Arena(std::span<std::byte> memory) : memory_(memory) {}

  // Empty span when the arena is exhausted and count is not 0. O(count).
  template <class T>
  std::span<T> allocate_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    const auto base = reinterpret_cast<std::uintptr_t>(memory_.data());
    const std::size_t start = align_up(base + used_, alignof(T)) - base;
    if (start > memory_.size() || count > (memory_.size() - start) / sizeof(T)) return {};
    used_ = start + count * sizeof(T);
    T* first = reinterpret_cast<T*>(memory_.data() + start);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  void reset() { used_ = 0; }
  std::size_t used_bytes() const { return used_; }
  std::size_t capacity_bytes() const { return memory_.size(); }

 private:
  std::span<std::byte> memory_{};
  std::size_t used_ = 0;
};

// A fixed-capacity sequence in arena memory: push() until full. What a planner uses where it cannot know the
// count beforehand but knows a bound.
template <class T>
class ArenaVector {
 public:
  ArenaVector() = default;
  explicit ArenaVector(std::span<T> storage) : storage_(storage) {}
  bool push(const T& v) {
    if (count_ == storage_.size()) return false;
    storage_[count_++] = v;
    return true;
  }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  T& operator[](std::size_t i) { return storage_[i]; }
  const T& operator[](std::size_t i) const { return storage_[i]; }
  T& back() { return storage_[count_ - 1]; }
  T* begin() { return storage_.data(); }
  T* end() { return storage_.data() + count_; }
  const T* begin() const { return storage_.data(); }
  const T* end() const { return storage_.data() + count_; }
  std::span<const T> view() const { return {storage_.data(), count_}; }

 private:
  std::span<T> storage_{};
  std::size_t count_ = 0;
};

}  // namespace shunt
