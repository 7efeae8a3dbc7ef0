// Registers one benchmark for each cell and contender, and reports what the cell measured.
#include "move/move_bench.hpp"

#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "move/contender.hpp"
#include "move/measure.hpp"
#include "support/environment.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

constexpr unsigned rounds = 11;
constexpr unsigned rounds_of_many_runs = 3;

// A cell is measured as a whole when the first of its benchmarks runs; each benchmark then reports its own
// part.
class CellOnDemand {
 public:
  CellOnDemand(Cell cell, std::vector<std::string> names, unsigned rounds,
               const os::Capabilities& capabilities)
      : cell_(std::move(cell)), names_(std::move(names)), rounds_(rounds), capabilities_(capabilities) {}

  const Measured& measured() {
    if (measured_.empty()) measured_ = measure(cell_, names_, rounds_, capabilities_);
    return measured_;
  }
  const Cell& cell() const { return cell_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  Cell cell_;
  std::vector<std::string> names_;
  unsigned rounds_;
  const os::Capabilities& capabilities_;
  Measured measured_{};
};

void report(benchmark::State& state, CellOnDemand& on_demand, const std::string& name) {
  const Measured& all = on_demand.measured();
  const Samples& mine = all.at(name);
  const Cell& cell = on_demand.cell();
  const double middle = median(mine.nanoseconds);
  for (auto _ : state) state.SetIterationTime(middle * 1e-9 / static_cast<double>(cell.runs));
  state.counters["ratio_vs_memset_copy"] =
      paired_ratio(all.at(memset_copy_warm).nanoseconds, mine.nanoseconds);
  state.counters["vmas_added"] = static_cast<double>(mine.vmas_added);
  state.counters["ns_per_page"] = middle / static_cast<double>(cell.pages());
  const bool compared = all.contains(page_copy) && all.contains(page_copy_warm);
  if (const double regret = compared ? regret_of(name, all) : 0; regret > 0)
    state.counters["regret"] = regret;
  if (name == mremap_per_run) state.counters["failed_calls"] = static_cast<double>(mine.failed_calls);
}

void register_cell(const std::string& prefix, std::shared_ptr<CellOnDemand> cell) {
  for (const std::string& name : cell->names()) {
    benchmark::RegisterBenchmark((prefix + name).c_str(),
                                 [cell, name](benchmark::State& state) { report(state, *cell, name); })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMicrosecond);
  }
}

bool can_run(const Cell& cell, const os::Capabilities& capabilities) {
  if (cell.huge && !capabilities.works(os::Capability::HugePages)) return false;
  return !cell.mutator_runs || usable_cpus().size() > 1;
}

// Where one mremap a run reaches vm.max_map_count: 32,768 gaps and 32,768 runs.
void register_many_runs(const os::Capabilities& capabilities) {
  const Cell cell{"pages:1", page_bytes, 32'768, false, false};
  std::vector<std::string> names{memset_copy_warm, mremap_per_run, chooser};
  if (capabilities.works(os::Capability::UserfaultfdMove)) names.push_back(uffdio_move);
  register_cell("move/many_runs:32768/",
                std::make_shared<CellOnDemand>(cell, names, rounds_of_many_runs, capabilities));
}

}  // namespace

void register_move_benchmarks(const os::Capabilities& capabilities) {
  for (const Cell& cell : all_cells()) {
    if (!can_run(cell, capabilities)) continue;
    register_cell("move/" + cell.name() + "/",
                  std::make_shared<CellOnDemand>(cell, contender_names(capabilities), rounds, capabilities));
  }
  register_many_runs(capabilities);
}

}  // namespace shunt::bench
