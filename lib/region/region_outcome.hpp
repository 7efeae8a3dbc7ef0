// What came of asking the region table for a change: done, or refused with both states named.
//
// Refusals are answers, not failures: two threads that want the same region meet here, and one of them learns
// what the other has made of it. Pure values.
#pragma once

#include <cstdint>

#include "region/region_state.hpp"

namespace shunt {

enum class TransitionOutcome : std::uint8_t {
  Done,
  Illegal,  // not in legal_transitions, whatever the region's state
  Changed,  // the region is not in the state that was expected
  Pinned,   // asked to select a pinned region
};
// `found` and `wanted` name both states of a refused transition.
struct TransitionResult {
  TransitionOutcome outcome = TransitionOutcome::Done;
  RegionState found = RegionState::Free;
  RegionState wanted = RegionState::Free;
  explicit operator bool() const { return outcome == TransitionOutcome::Done; }
};

enum class PinOutcome : std::uint8_t {
  Done,
  WrongState,  // only Allocating and Live regions can be pinned: later is too late to stay
  TooMany,     // RegionWord::max_pins reached
  NotPinned,   // unpin without a pin
};

}  // namespace shunt
