// Small helpers on the contents of pages that several movers need.
//
// They read and write memory directly, so the caller makes sure that it is readable and writable and that
// nobody else writes there.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt {

// Most pages that hold anything show it in their first words; a page of zeros is read to its end, once.
inline bool is_zero_page(Address page) {
  const auto* words = pointer_to<const std::uint64_t>(page);
  for (std::size_t i = 0; i < page_bytes / sizeof(std::uint64_t); i += 8) {
    const std::uint64_t any = words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] |
                              words[i + 5] | words[i + 6] | words[i + 7];
    if (any != 0) return false;
  }
  return true;
}

// A write that changes nothing, atomic so that it cannot undo another thread's: parts the page from a forked
// child.
inline void touch_for_write(Address page) {
  std::atomic_ref<std::uint8_t>(*pointer_to<std::uint8_t>(page)).fetch_or(0, std::memory_order_relaxed);
}

// Drops the pages of a vacated range, also when it is mlocked. False where the kernel refuses even that: the
// range then reads as zeros all the same, but what was in memory stays there.
bool release_range(const os::SystemCalls&, AddressRange);

}  // namespace shunt
