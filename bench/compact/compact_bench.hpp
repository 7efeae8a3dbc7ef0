// The `compact` benchmarks: names such as compact/256MiB/run:16/chooser.
#pragma once

#include "os/capabilities.hpp"

namespace shunt::bench {

// Registers every cell and contender that this machine can run: without the heaps of 4 GiB where
// SHUNT_BENCH_QUICK is set or memory is short.
void register_compact_benchmarks(const os::Capabilities&);

}  // namespace shunt::bench
