// How each side compacts: its heap options, its evacuator, and what is left out of its time.
#include "contenders.hpp"

#include "failure.hpp"
#include "memset_copy.hpp"
#include "mremap_per_run.hpp"
#include "trace_reader.hpp"

namespace shunt::demo {
namespace {

HeapOptions heap_options(Contender contender, HeapOptions options) {
  if (contender == Contender::MemsetCopy || contender == Contender::CopyOnly)
    options.engine = EngineKind::Copy;
  // Not registered with userfaultfd: mremap would tear the registration apart.
  if (contender == Contender::MremapPerRun) options.engine = EngineKind::Remap;
  return options;
}

void replay_events(Replay& replay, const std::string& trace, std::uint64_t events, Progress& progress) {
  trace::Reader reader = trace::Reader::open(trace);
  for (trace::Event event; reader.position() < events && reader.next(event);) {
    replay.apply(event);
    progress.at(reader.position());
  }
  replay.retire();
}

CompactionReport compact(Heap& heap, const CompactOptions& options) {
  const Result<CompactionReport> report = heap.compact(options);
  if (!report) throw Failure(text_of(report.error()));
  return report.value();
}

Round run_memset_copy(Heap& heap, CompactOptions options) {
  using baselines::MemsetCopy;
  MemsetCopy evacuator(os::SystemCalls::real(), MemsetCopy::Zeroing::LiveBytes);
  options.evacuator = &evacuator;
  const CompactionReport report = compact(heap, options);
  return {report, report.nanoseconds.total() - evacuator.excluded_nanoseconds(), {}, 0};
}

Round run_mremap_per_run(Heap& heap, CompactOptions options) {
  baselines::MremapPerRun evacuator(os::SystemCalls::real(), heap.page_mover());
  options.evacuator = &evacuator;
  const CompactionReport report = compact(heap, options);
  return {report, report.nanoseconds.total(), {}, evacuator.runs_refused()};
}

// All sides go by the costs that shunt went by in this round, and so by its plan: pages that it moves are
// copied whole by those that copy.
Round compact_with(Contender contender, Heap& heap, Handover& handover) {
  if (contender == Contender::Shunt) handover.costs = heap.page_mover().chooser().corrected_costs(0);
  CompactOptions options;
  options.costs = handover.costs ? &*handover.costs : nullptr;
  if (contender == Contender::MemsetCopy) return run_memset_copy(heap, options);
  if (contender == Contender::MremapPerRun) return run_mremap_per_run(heap, options);
  const CompactionReport report = compact(heap, options);
  return {report, report.nanoseconds.total(), {}, 0};
}

}  // namespace

const char* name_of(Contender contender) {
  switch (contender) {
    case Contender::Shunt:
      return "shunt";
    case Contender::MemsetCopy:
      return "memset-copy";
    case Contender::MremapPerRun:
      return "mremap per run";
    case Contender::CopyOnly:
      return "copy-only";
  }
  return "?";
}

void open_heap(Heap& heap) {
  if (const Result<void> opened = heap.open(); !opened) throw Failure(text_of(opened.error()));
}

// Every side is mapped before and after, also where nobody looks at the map: the heap's tables are then
// equally warm for all.
Round run_contender(Contender contender, const Options& options, std::uint64_t events,
                    const std::string& label, Handover& handover, Progress& progress) {
  Heap heap(os::SystemCalls::real(), heap_options(contender, options.heap));
  open_heap(heap);
  Replay replay(heap);
  progress.start(label, events);
  replay_events(replay, options.trace, events, progress);
  progress.finish();
  HeapMap before = map_of(heap);
  Round round = compact_with(contender, heap, handover);
  HeapMap after = map_of(heap);
  round.verification = replay.verify();
  if (contender == Contender::Shunt) {
    handover.before = std::move(before);
    handover.after = std::move(after);
  }
  return round;
}

}  // namespace shunt::demo
