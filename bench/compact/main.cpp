// compact-bench: what compacting whole heaps costs, against memset-copy, in cells (docs/benchmarks.md).
#include "compact/compact_bench.hpp"
#include "support/run.hpp"

int main(int count, char** arguments) {
  return shunt::bench::run_benchmarks(count, arguments, shunt::bench::register_compact_benchmarks);
}
