// What the epochs' correctness hangs on, by name: each memory order that is not relaxed, and each step that
// looks as if it could be left out.
//
// docs/memory-order.md has a sentence for each. They stand here so that the explorer can take one away at a
// time and show that something breaks. Production code uses EpochProtocol as it is.
#pragma once

#include <atomic>

namespace shunt {

struct EpochProtocol {
  // The global epoch. Who reads an epoch above a stamp finds nothing of what was unlinked before the stamp
  // was taken.
  static constexpr auto epoch_read = std::memory_order_acquire;     // pairs with epoch_advance
  static constexpr auto epoch_advance = std::memory_order_release;  // pairs with epoch_read

  // A reader's slot. Who sees what it holds comes after all that the reader did before it wrote that: in the
  // section that it left, and, where it is inside again, in the one before.
  static constexpr auto slot_enter = std::memory_order_release;  // pairs with slot_scan
  static constexpr auto slot_leave = std::memory_order_release;  // pairs with slot_scan
  static constexpr auto slot_scan = std::memory_order_acquire;   // pairs with slot_enter and slot_leave

  // Whose slot it is. Who takes it writes it after all that the one before him wrote.
  static constexpr auto slot_take = std::memory_order_acquire;  // pairs with slot_give
  static constexpr auto slot_give = std::memory_order_release;  // pairs with slot_take

  // "I am inside", then looking at the heap; "it is unlinked", then looking who is inside: either the
  // reclaimer sees the reader or the reader sees that it is unlinked. Each needs a barrier between its two
  // halves.
  static constexpr bool reader_bars = true;    // light where the reclaimer runs the heavy one, else a fence
  static constexpr bool joiner_fences = true;  // a new slot counts as outside until it is seen
  static constexpr bool reclaimer_fences = true;  // enough against readers that fence, and against joiners
  static constexpr bool reclaimer_runs_heavy = true;  // for readers that do not fence
};

}  // namespace shunt
