// The `region` benchmarks: names such as region/lookup/regions:32768/threads:2/state.
#pragma once

#include "os/capabilities.hpp"

namespace shunt::bench {

void register_lookup_cells();      // lookup.cpp
void register_barrier_cells();     // barrier.cpp
void register_forward_cells();     // forward.cpp
void register_claim_cells();       // claim.cpp
void register_contiguous_cells();  // contiguous.cpp
void register_epoch_cell();        // epochs.cpp
void register_open_cell();         // open.cpp

// All of the above, smaller where SHUNT_BENCH_QUICK is set.
void register_region_benchmarks(const os::Capabilities&);

}  // namespace shunt::bench
