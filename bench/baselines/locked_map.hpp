// Look-up as it is written first: a std::map from the start of each range, behind a std::shared_mutex.
//
// Right for ranges of any size and for foreign addresses. Readers share the lock, and so write to it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/address.hpp"

namespace shunt::baselines {

class LockedMap {
 public:
  // The word of the range that `a` is in; 0 where there is none. O(log ranges).
  std::uint64_t find(Address a) const {
    const std::shared_lock lock(mutex_);
    const auto above = ranges_.upper_bound(a);
    if (above == ranges_.begin()) return 0;
    const auto& [start, range] = *std::prev(above);
    return a - start < range.bytes ? range.word : 0;
  }
  // Cheapest when ranges come in address order.
  void set(AddressRange range, std::uint64_t word) {
    const std::lock_guard lock(mutex_);
    ranges_.insert_or_assign(ranges_.end(), range.start, Range{range.bytes, word});
  }

 private:
  struct Range {
    std::size_t bytes;
    std::uint64_t word;
  };
  mutable std::shared_mutex mutex_{};
  std::map<Address, Range> ranges_{};
};

}  // namespace shunt::baselines
