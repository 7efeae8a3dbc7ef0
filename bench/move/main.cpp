// move-bench: what moving page runs costs, against memset-copy, in cells (docs/benchmarks.md).
#include "move/move_bench.hpp"
#include "support/run.hpp"

int main(int count, char** arguments) {
  return shunt::bench::run_benchmarks(count, arguments, shunt::bench::register_move_benchmarks);
}
