// Replays, compacts every N operations, verifies, and adds up.
#include "periodic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "failure.hpp"
#include "text.hpp"
#include "trace_reader.hpp"

namespace shunt::demo {
namespace {

constexpr std::uint64_t events_between_looks = 4096;

// Adds what one compaction did to the sum of those before it; states, as resident bytes, are the latest.
void add_report(CompactionReport& sum, const CompactionReport& one) {
  CompactionReport next = one;
  const auto add = [&](auto member) { next.*member += sum.*member; };
  add(&CompactionReport::bytes_moved_by_page);
  add(&CompactionReport::bytes_copied);
  add(&CompactionReport::bytes_left);
  add(&CompactionReport::bytes_released_in_place);
  add(&CompactionReport::regions_selected);
  add(&CompactionReport::regions_freed);
  add(&CompactionReport::regions_filled);
  add(&CompactionReport::regions_returned);
  add(&CompactionReport::page_runs);
  add(&CompactionReport::clusters_copied);
  add(&CompactionReport::slots_fixed);
  const auto add_time = [&](auto phase) { next.nanoseconds.*phase += sum.nanoseconds.*phase; };
  add_time(&PhaseTimes::mark);
  add_time(&PhaseTimes::plan);
  add_time(&PhaseTimes::move);
  add_time(&PhaseTimes::copy);
  add_time(&PhaseTimes::fix);
  add_time(&PhaseTimes::release);
  for (std::size_t i = 0; i < mover_kind_count; ++i) {
    next.moves.movers[i].spans += sum.moves.movers[i].spans;
    next.moves.movers[i].calls += sum.moves.movers[i].calls;
    next.moves.movers[i].bytes += sum.moves.movers[i].bytes;
    next.moves.movers[i].nanoseconds += sum.moves.movers[i].nanoseconds;
  }
  for (std::size_t i = 0; i < reason_count; ++i) {
    next.moves.fallbacks[i] += sum.moves.fallbacks[i];
    next.moves.left[i] += sum.moves.left[i];
  }
  next.moves.unshared_pages += sum.moves.unshared_pages;
  next.moves.dropped_zero_pages += sum.moves.dropped_zero_pages;
  next.moves.healed_bytes += sum.moves.healed_bytes;
  sum = next;
}

// A Replay takes the heap's allocator, which is there once the heap is open.
Heap& opened(Heap& heap) {
  open_heap(heap);
  return heap;
}

class Periodic {
 public:
  Periodic(const Options& options, Comparison& out, Progress& progress)
      : options_(options), out_(out), progress_(progress), heap_(os::SystemCalls::real(), options.heap) {}
  void run();

 private:
  void compact();
  bool outgrew() const { return heap_.regions().statistics().top_bytes > options_.limit; }
  void conclude();

  const Options& options_;
  Comparison& out_;
  Progress& progress_;
  mutable Heap heap_;
  Replay replay_{opened(heap_)};
  Round sum_;
  std::uint64_t compactions_ = 0;
  std::uint64_t early_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t most_resident_ = 0;
};

void Periodic::run() {
  trace::Reader reader = trace::Reader::open(options_.trace);
  progress_.start(fmt::format("compacting every {}", trace::count_text(options_.every)),
                  reader.header().totals.events);
  std::uint64_t last = 0;
  for (trace::Event event; reader.next(event);) {
    replay_.apply(event);
    progress_.at(reader.position());
    const std::uint64_t since = reader.position() - last;
    const bool due = since == options_.every;
    if (!due && (since % events_between_looks != 0 || !outgrew())) continue;
    early_ += !due;
    compact();
    last = reader.position();
  }
  if (compactions_ == 0) compact();
  out_.results.search.worst.events = reader.position();
  progress_.finish();
  conclude();
}

void Periodic::compact() {
  replay_.retire();
  out_.before = map_of(heap_);
  const Result<CompactionReport> report = heap_.compact({});
  if (!report) throw Failure(text_of(report.error()));
  out_.after = map_of(heap_);
  const Verification seen = replay_.verify();
  const std::uint64_t nanoseconds = report.value().nanoseconds.total();
  add_report(sum_.report, report.value());
  sum_.nanoseconds += nanoseconds;
  sum_.verification.total += seen.total;
  sum_.verification.verified += seen.verified;
  sum_.verification.contents ^= seen.contents;
  longest_ = std::max(longest_, nanoseconds);
  most_resident_ = std::max(most_resident_, report.value().resident_before);
  ++compactions_;
}

void Periodic::conclude() {
  Results& results = out_.results;
  results.engine = engine_name(sum_.report.engine);
  results.runs.push_back({"shunt", {sum_}});
  results.notes.push_back(
      fmt::format("the sum of {} compactions, the longest {:.2f} ms; live, resident and VMAs are of the last",
                  trace::count_text(compactions_), static_cast<double>(longest_) / 1e6));
  results.notes.push_back(
      fmt::format("most resident at a compaction: {}", trace::bytes_text(most_resident_)));
  if (early_ != 0) {
    results.notes.push_back(fmt::format("{} of them came early, at the limit of {} (--limit)",
                                        trace::count_text(early_), trace::bytes_text(options_.limit)));
  }
}

}  // namespace

Comparison compact_periodically(const Options& asked, Progress& progress) {
  Comparison comparison;
  comparison.results.trace = asked.trace;
  comparison.results.recorded = trace::Reader::open(asked.trace).header();
  comparison.results.kernel = kernel_name();
  comparison.results.every = asked.every;
  const Options options = fitted_to(asked, comparison.results.recorded);
  Periodic(options, comparison, progress).run();
  return comparison;
}

}  // namespace shunt::demo
