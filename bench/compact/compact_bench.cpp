// Registers one benchmark for each cell and contender, and reports what the cell measured.
#include "compact/compact_bench.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "compact/measure.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

// The heap, its handles, digests, and what a baseline copies without giving anything back.
constexpr std::size_t memory_for_big_cells = std::size_t{12} << 30;

// Measured as a whole when the first of its benchmarks runs; each benchmark then reports its own part.
class CellOnDemand {
 public:
  CellOnDemand(Cell cell, std::vector<std::string> names)
      : cell_(std::move(cell)), names_(std::move(names)) {}

  const MeasuredCell& measured() {
    if (measured_.empty()) measured_ = measure(cell_, names_);
    return measured_;
  }
  const Cell& cell() const { return cell_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  Cell cell_;
  std::vector<std::string> names_;
  MeasuredCell measured_{};
};

double total(const Sample& s) { return s.total(); }
double work(const Sample& s) { return s.work(); }
double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / mebibyte; }
double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-6; }

void count_ratios(benchmark::State& state, const MeasuredCell& all, const Measured& mine) {
  const auto over = [&](const char* other, double (*time)(const Sample&)) {
    return paired_ratio(all.at(other).each(time), mine.each(time));
  };
  state.counters["ratio_vs_memset_copy"] = over(memset_copy, total);
  state.counters["ratio_vs_copy_only"] = over(copy_only, total);
  state.counters["work_ratio_vs_memset_copy"] = over(memset_copy, work);
  state.counters["work_ratio_vs_copy_only"] = over(copy_only, work);
}

void count_phases(benchmark::State& state, const Measured& mine) {
  const auto phase = [&](const char* name, double (*time)(const Sample&)) {
    state.counters[name] = mine.median_of(time);
  };
  phase("mark_ms", [](const Sample& s) { return milliseconds(s.report.nanoseconds.mark); });
  phase("plan_ms", [](const Sample& s) { return milliseconds(s.report.nanoseconds.plan); });
  phase("move_ms", [](const Sample& s) { return milliseconds(s.report.nanoseconds.move); });
  phase("copy_ms",
        [](const Sample& s) { return milliseconds(s.report.nanoseconds.copy - s.excluded_nanoseconds); });
  phase("fix_ms", [](const Sample& s) { return milliseconds(s.report.nanoseconds.fix); });
  phase("release_ms", [](const Sample& s) { return milliseconds(s.report.nanoseconds.release); });
}

void count_memory(benchmark::State& state, const Measured& mine) {
  double added = 0;
  for (const Sample& s : mine.rounds) {
    added =
        std::max(added, static_cast<double>(s.report.vmas_after) - static_cast<double>(s.report.vmas_before));
  }
  const CompactionReport& last = mine.rounds.back().report;
  state.counters["vmas_added"] = added;
  state.counters["resident_mib_before"] = mebibytes(last.resident_before);
  state.counters["resident_mib_after"] = mebibytes(last.resident_after);
  state.counters["moved_mib"] = mebibytes(last.bytes_moved_by_page);
  state.counters["copied_mib"] = mebibytes(last.bytes_copied);
  state.counters["page_runs"] = static_cast<double>(last.page_runs);
}

void report(benchmark::State& state, CellOnDemand& on_demand, const std::string& name) {
  const MeasuredCell& all = on_demand.measured();
  const Measured& mine = all.at(name);
  if (mine.damaged != 0) {
    const std::string message = std::to_string(mine.damaged) + " objects are damaged";
    state.SkipWithError(message.c_str());
    return;
  }
  for (auto _ : state) state.SetIterationTime(mine.median_of(total) * 1e-9);
  count_ratios(state, all, mine);
  count_phases(state, mine);
  count_memory(state, mine);
}

bool memory_is_short() {
  const long pages = sysconf(_SC_AVPHYS_PAGES);
  return pages > 0 && static_cast<std::size_t>(pages) * page_bytes < memory_for_big_cells;
}

bool leaves_out_big_cells() {
  if (std::getenv("SHUNT_BENCH_QUICK") != nullptr) return true;  // NOLINT(concurrency-mt-unsafe): one thread
  if (!memory_is_short()) return false;
  std::fprintf(stderr, "compact: heaps of 4 GiB are left out: less than 12 GiB of memory is free\n");
  return true;
}

}  // namespace

void register_compact_benchmarks(const os::Capabilities& capabilities) {
  for (const Cell& cell : all_cells(leaves_out_big_cells())) {
    const auto shared = std::make_shared<CellOnDemand>(cell, contender_names(capabilities));
    for (const std::string& name : shared->names()) {
      benchmark::RegisterBenchmark(("compact/" + cell.name + "/" + name).c_str(),
                                   [shared, name](benchmark::State& state) { report(state, *shared, name); })
          ->UseManualTime()
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace shunt::bench
