// The `move` benchmarks: names such as move/parked/pages:16/chooser.
#pragma once

#include "os/capabilities.hpp"

namespace shunt::bench {

// Registers every cell and contender that this machine can run. `capabilities` must stay where it is.
void register_move_benchmarks(const os::Capabilities& capabilities);

}  // namespace shunt::bench
