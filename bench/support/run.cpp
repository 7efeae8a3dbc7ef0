// Google Benchmark's own order of calls, with the machine's facts in between.
#include "support/run.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>

#include "support/environment.hpp"

namespace shunt::bench {

int run_benchmarks(int count, char** arguments, void (*register_all)(const os::Capabilities&)) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  const os::Capabilities capabilities = os::probe_capabilities(os::SystemCalls::real());
  for (const auto& [name, text] : environment_facts(capabilities)) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), text.c_str());
    benchmark::AddCustomContext(name, text);
  }
  register_all(capabilities);
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 1;
  benchmark::Shutdown();
  return 0;
}

}  // namespace shunt::bench
