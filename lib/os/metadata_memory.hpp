// Memory for Shunt's own tables: mapped by itself, so that it lives neither in the heap that moves nor in the
// host's malloc (invariant 5).
//
// A MetadataMemory is a zeroed mapping that costs memory only where it is touched. Movable, not copyable;
// unmaps what it mapped. Not thread-safe to open, move or close; what is in it is the user's to share.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/address.hpp"
#include "base/arena.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

class MetadataMemory {
 public:
  // Errors: the kernel's (ENOMEM at RLIMIT_AS or at the VMA limit).
  static Result<MetadataMemory> map(const SystemCalls&, std::size_t bytes);

  MetadataMemory() = default;
  MetadataMemory(MetadataMemory&& other) noexcept
      : kernel_(other.kernel_), range_(std::exchange(other.range_, AddressRange{})) {}
  MetadataMemory& operator=(MetadataMemory&& other) noexcept {
    std::swap(kernel_, other.kernel_);
    std::swap(range_, other.range_);
    return *this;
  }
  ~MetadataMemory();

  std::span<std::byte> bytes() const { return {pointer_to<std::byte>(range_.start), range_.bytes}; }
  // The same memory as an array that starts as zeros. T must be valid when all its bytes are zero.
  template <class T>
  std::span<T> as_array() const {
    return {pointer_to<T>(range_.start), range_.bytes / sizeof(T)};
  }
  AddressRange range() const { return range_; }
  // Gives the physical memory back; everything reads as zero again.
  void clear();

 private:
  SystemCalls kernel_{};
  AddressRange range_{};
};

}  // namespace shunt::os
