// The sides of a cell: the same heap, compacted each its own way.
#include "compact/contender.hpp"

#include <cstdio>
#include <cstdlib>

#include "memset_copy.hpp"
#include "mremap_per_run.hpp"

namespace shunt::bench {
namespace {

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "compact-bench: %s: errno %d: %s\n", error.operation, error.code, error.advice);
  std::abort();
}

HeapOptions options_for(const std::string& name, HeapOptions options) {
  if (name == memset_copy || name == memset_copy_live) options.engine = EngineKind::Copy;
  // Not registered with userfaultfd: mremap would tear the registration apart.
  if (name == mremap_per_run) options.engine = EngineKind::Remap;
  return options;
}

CompactionReport compact(Heap& heap, const CompactOptions& options) {
  const Result<CompactionReport> report = heap.compact(options);
  if (!report) give_up(report.error());
  return report.value();
}

Sample compact_as(const std::string& name, Heap& heap, CompactOptions options,
                  std::optional<CostModel>& costs) {
  const os::SystemCalls kernel = os::SystemCalls::real();
  options.goal.page_moves = name == chooser || name == mremap_per_run;
  if (name == memset_copy || name == memset_copy_live) {
    using Zeroing = baselines::MemsetCopy::Zeroing;
    baselines::MemsetCopy evacuator(kernel, name == memset_copy ? Zeroing::WholeSource : Zeroing::LiveBytes);
    options.evacuator = &evacuator;
    const CompactionReport report = compact(heap, options);
    return {report, evacuator.excluded_nanoseconds(), 0};
  }
  if (name == mremap_per_run) {
    baselines::MremapPerRun evacuator(kernel, heap.page_mover());
    options.evacuator = &evacuator;
    options.costs = costs ? &*costs : nullptr;
    return {compact(heap, options), 0, 0};
  }
  if (name == chooser) costs = heap.page_mover().chooser().corrected_costs(0);
  return {compact(heap, options), 0, 0};
}

}  // namespace

double Sample::total() const {
  return static_cast<double>(report.nanoseconds.total() - excluded_nanoseconds);
}

double Sample::work() const {
  const PhaseTimes& t = report.nanoseconds;
  return static_cast<double>(t.plan + t.move + t.copy + t.release - excluded_nanoseconds);
}

std::vector<std::string> contender_names(const os::Capabilities& capabilities) {
  std::vector<std::string> names{chooser, copy_only, memset_copy, memset_copy_live};
  if (baselines::MremapPerRun::usable(capabilities)) names.push_back(mremap_per_run);
  return names;
}

Sample compact_once(const std::string& name, Population& population, bool verify,
                    std::optional<CostModel>& costs) {
  Heap heap(os::SystemCalls::real(), options_for(name, population.options()));
  if (const Result<void> opened = heap.open(); !opened) give_up(opened.error());
  population.fill(heap);
  CompactOptions options;
  options.verify = verify;
  Sample sample = compact_as(name, heap, options, costs);
  if (verify) sample.damaged = sample.report.objects_damaged + population.damaged(heap);
  return sample;
}

}  // namespace shunt::bench
