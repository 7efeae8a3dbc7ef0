// compact-bench: what compacting whole heaps costs, against memset-copy, in cells (docs/benchmarks.md).
//
// Debian's Google Benchmark has no pkg-config file for its own main; ours also says what machine this is.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "compact/compact_bench.hpp"
#include "support/environment.hpp"

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  const shunt::os::Capabilities capabilities = shunt::os::probe_capabilities(shunt::os::SystemCalls::real());
  for (const auto& [name, text] : shunt::bench::environment_facts(capabilities)) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), text.c_str());
    benchmark::AddCustomContext(name, text);
  }
  shunt::bench::register_compact_benchmarks(capabilities);
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 1;  // the filter matched nothing
  benchmark::Shutdown();
  return 0;
}
