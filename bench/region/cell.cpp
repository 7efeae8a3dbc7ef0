// Measures a cell when the first of its benchmarks runs.
#include "region/cell.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "support/environment.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

class CellOnDemand {
 public:
  explicit CellOnDemand(Cell cell) : cell_(std::move(cell)) {}

  const Counters& counters_of(const std::string& side) {
    if (counters_.empty()) measure();
    return counters_.at(side);
  }

 private:
  void measure() {
    const OpenCell open = cell_.open();
    const Samples samples = take_turns(open.sides, cell_.turns);
    if (open.check) open.check();
    for (const std::string& side : cell_.sides) {
      Counters& counters = counters_[side] = open.count(side, samples);
      counters["ns"] = median(samples.at(side));
    }
  }

  Cell cell_;
  std::map<std::string, Counters> counters_{};
};

unsigned threads_in(const std::string& side) {
  return static_cast<unsigned>(std::strtoul(side.c_str() + side.find(':') + 1, nullptr, 10));
}

void report(benchmark::State& state, CellOnDemand& cell, const std::string& side) {
  const Counters& counters = cell.counters_of(side);
  for (auto _ : state) state.SetIterationTime(counters.at("ns") * 1e-9);
  for (const auto& [name, value] : counters) state.counters[name] = value;
  if (threads_in(side) > usable_cpus().size()) state.SetLabel("oversubscribed");
}

}  // namespace

void register_cell(Cell cell) {
  const auto shared = std::make_shared<CellOnDemand>(cell);
  for (const std::string& side : cell.sides) {
    const std::string name = "region/" + cell.name + "/" + side;
    benchmark::RegisterBenchmark(name.c_str(),
                                 [shared, side](benchmark::State& state) { report(state, *shared, side); })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kNanosecond);
  }
}

std::string side_name(unsigned threads, const std::string& name) {
  return "threads:" + std::to_string(threads) + "/" + name;
}

bool is_quick() {
  return std::getenv("SHUNT_BENCH_QUICK") != nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
}

TurnLength turns_of(unsigned rounds, double nanoseconds, Clock clock) {
  if (is_quick()) return {3, nanoseconds / 4, clock};
  return {rounds, nanoseconds, clock};
}

void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "region-bench: %s: %s\n", what, why);
  std::abort();
}

}  // namespace shunt::bench
