// The main() of a benchmark program, but for which benchmarks there are.
//
// Debian's Google Benchmark has no pkg-config file for its own main; this one also says what machine it runs
// on, above the results and in their JSON.
#pragma once

#include "os/capabilities.hpp"

namespace shunt::bench {

// Registers, then runs what the arguments ask for. Returns the exit code: 1 for a wrong option, or a filter
// that matches nothing.
int run_benchmarks(int count, char** arguments, void (*register_all)(const os::Capabilities&));

}  // namespace shunt::bench
