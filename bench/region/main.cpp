// region-bench: what the region table costs, against plainer ways to do the same (docs/benchmarks.md).
#include "region/region_bench.hpp"
#include "support/run.hpp"

namespace shunt::bench {

void register_region_benchmarks(const os::Capabilities&) {
  register_lookup_cells();
  register_barrier_cells();
  register_forward_cells();
  register_claim_cells();
  register_contiguous_cells();
  register_epoch_cell();
  register_open_cell();
}

}  // namespace shunt::bench

int main(int count, char** arguments) {
  return shunt::bench::run_benchmarks(count, arguments, shunt::bench::register_region_benchmarks);
}
