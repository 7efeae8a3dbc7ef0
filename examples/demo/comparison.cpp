// Rounds of all sides, one after the other, each on a heap of its own.
#include "comparison.hpp"

#include <fmt/format.h>

#include "failure.hpp"
#include "mremap_per_run.hpp"
#include "text.hpp"
#include "trace_reader.hpp"

namespace shunt::demo {
namespace {

// What a heap will be like, without opening one: the dry run needs no memory behind it.
HeapGeometry geometry_of(const HeapOptions& options) {
  HeapGeometry g;
  g.base = Address{std::uintptr_t{1} << 44};
  g.region_shift = static_cast<unsigned>(std::countr_zero(options.region_bytes));
  g.granule_shift = static_cast<unsigned>(std::countr_zero(options.granule_bytes));
  g.region_count = static_cast<std::uint32_t>(options.maximum_bytes >> g.region_shift);
  return g;
}

std::vector<Contender> sides(Results& results) {
  std::vector<Contender> all{Contender::Shunt, Contender::MemsetCopy, Contender::MemsetCopyLive,
                             Contender::CopyOnly};
  if (baselines::MremapPerRun::usable(os::probe_capabilities(os::SystemCalls::real()))) {
    all.insert(all.begin() + 3, Contender::MremapPerRun);
  } else {
    results.notes.push_back(
        "mremap per run is left out: this kernel or sandbox has no safe MREMAP_DONTUNMAP");
  }
  return all;
}

void note_the_limit(const Options& options, Results& results) {
  if (!results.search.limit_reached) return;
  results.notes.push_back(
      fmt::format("the heap reached the limit of {} at operation {} of {}, and the trace was read no further "
                  "(--limit)",
                  trace::bytes_text(options.limit), trace::count_text(results.search.events_seen),
                  trace::count_text(results.recorded.totals.events)));
}

void note_refusals(Results& results) {
  for (const Run& run : results.runs) {
    const std::uint64_t refused = run.median().runs_refused;
    if (refused == 0) continue;
    results.notes.push_back(fmt::format("{}: the kernel refused {} of {} runs, which were copied", run.name,
                                        trace::count_text(refused),
                                        trace::count_text(run.median().report.page_runs)));
  }
}

}  // namespace

Options fitted_to(const Options& options, const trace::Header& header) {
  constexpr std::uint64_t spare = 1024;  // a reallocated object has two for a moment
  Options fitted = options;
  fitted.heap.maximum_handles = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(header.totals.peak_live_objects + spare, 0xFFFF'FF00));
  return fitted;
}

Comparison compare(const Options& asked, Progress& progress) {
  Comparison comparison;
  Results& results = comparison.results;
  results.trace = asked.trace;
  results.recorded = trace::Reader::open(asked.trace).header();
  results.kernel = kernel_name();
  const Options options = fitted_to(asked, results.recorded);
  results.search = find_worst_point(options.trace, geometry_of(options.heap), options.limit, progress);
  if (results.search.worst.events == 0) throw Failure(options.trace + ": nothing ever lives in it");
  note_the_limit(options, results);
  const std::vector<Contender> contenders = sides(results);
  for (const Contender c : contenders) results.runs.push_back({name_of(c), {}});
  Handover handover;
  for (unsigned round = 0; round < options.repeat; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const std::string label =
          fmt::format("round {} of {}: {}", round + 1, options.repeat, results.runs[i].name);
      results.runs[i].rounds.push_back(
          run_contender(contenders[i], options, results.search.worst.events, label, handover, progress));
    }
  }
  results.engine = engine_name(results.runs.front().rounds.front().report.engine);
  note_refusals(results);
  results.notes.push_back(
      "memset-copy: faulting its destination in is not counted; gives no memory back, but zeroes it");
  results.notes.push_back(
      "memset-copy, live: zeroes live bytes only; who allocates there next has the rest to do");
  results.notes.push_back(
      "copy-only is Shunt with its engine `copy`: the same plan and memory given back, no page moved");
  comparison.before = std::move(handover.before);
  comparison.after = std::move(handover.after);
  return comparison;
}

}  // namespace shunt::demo
