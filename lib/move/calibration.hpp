// Measures the cost model's constants on this host, on scratch pages.
//
// A few milliseconds, at most 12 MiB of scratch memory, given back before it returns. Medians of short
// repetitions, so that one interruption does not count. What cannot be measured (no huge pages, no second CPU
// to interrupt) keeps the default of cost_model.hpp and is corrected by what the chooser observes.
#pragma once

#include "move/cost_model.hpp"
#include "move/mover.hpp"
#include "os/system_calls.hpp"

namespace shunt {

// `engine` moves within `scratch`, a range of at least calibration_bytes that holds nothing and that the
// engine was opened for; null for hosts that only copy. Leaves `scratch` empty.
inline constexpr std::size_t calibration_bytes = std::size_t{12} << 20;
CostModel calibrate(const os::SystemCalls&, Mover* engine, AddressRange scratch);

}  // namespace shunt
