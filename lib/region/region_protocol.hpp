// What the region table's correctness hangs on, by name: each memory order that is not relaxed, and each step
// that looks as if it could be left out.
//
// docs/memory-order.md has a sentence for each. They stand here, and not at the accesses, so that the
// explorer (tests/region/exploration_*) can take one away at a time and show that something breaks: an order
// that nothing breaks without is not needed. Production code uses RegionProtocol as it is.
#pragma once

#include <atomic>

namespace shunt {

struct RegionProtocol {
  // A region's word. Who sees a state sees all that was done to the region before it came into that state.
  static constexpr auto word_read = std::memory_order_acquire;     // pairs with word_change
  static constexpr auto word_change = std::memory_order_acq_rel;   // pairs with word_read and with itself
  static constexpr auto word_refused = std::memory_order_acquire;  // pairs with word_change

  // The shared hint, whose version counts releases. Who reads a version sees the regions that were Free by
  // then, so a scan that finds none of them and the version unchanged has not looked past any.
  static constexpr auto hint_read = std::memory_order_acquire;   // pairs with hint_lower
  static constexpr auto hint_lower = std::memory_order_release;  // pairs with hint_read

  // Each life of a region has a word of its own.
  static constexpr bool bumps_generation = true;
  // A claim of several regions that meets a taken one gives back what it holds.
  static constexpr bool undoes_failed_claims = true;
};

}  // namespace shunt
