// The one clock by which Shunt times itself: monotonic nanoseconds.
//
// Used for reports and for the chooser's learning, never for a decision that must be right. Read through the
// vDSO, so it costs about 25 ns. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

namespace shunt {

inline std::uint64_t nanoseconds_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace shunt
