// Opens the engine, sends each run its way, finishes by copy, and learns from the times.
#include "move/page_mover.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "move/calibration.hpp"
#include "os/metadata_memory.hpp"

namespace shunt {
namespace {

// Choices are made for this many spans at a time, on the stack.
constexpr std::size_t slice_spans = 256;
// With fewer VMAs than this left the engine could not finish even one slice of scattered runs.
constexpr std::size_t least_vmas = 8;

// One prediction serves both: it goes by nothing else.
bool costs_alike(const MoveSpan& a, const MoveSpan& b) { return a.bytes == b.bytes && a.huge == b.huge; }

bool is_complete(const MoveBatch& batch) {
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    if (batch.outcomes[i].bytes_moved != batch.spans[i].bytes) return false;
  }
  return true;
}

// O(spans^2): for check level deep.
[[maybe_unused]] bool spans_overlap(std::span<const MoveSpan> spans) {
  for (std::size_t i = 0; i < spans.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const bool apart = !spans[i].source().overlaps(spans[k].source()) &&
                         !spans[i].source().overlaps(spans[k].destination()) &&
                         !spans[i].destination().overlaps(spans[k].source()) &&
                         !spans[i].destination().overlaps(spans[k].destination());
      if (!apart) return true;
    }
  }
  return false;
}

}  // namespace

PageMover::PageMover(const os::SystemCalls& kernel, AddressRange reservation, const PageMoverOptions& options)
    : kernel_(kernel), reservation_(reservation), options_(options), uffd_(kernel), copy_(kernel) {}

void PageMover::open(const os::Capabilities& capabilities) {
  const EngineKind wanted =
      options_.engine ? capabilities.engine_for(*options_.engine) : capabilities.best_engine();
  budget_.open(kernel_, reservation_, options_.vma_budget);
  heal_again_at_ = budget_.allowed() - budget_.allowed() / 4;
  for (const EngineKind kind : {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy}) {
    if (kind < wanted || !capabilities.supports(kind)) continue;
    if (open_engine(capabilities, kind)) break;
  }
  const Chooser::Mode mode = !options_.engine                   ? Chooser::Mode::Predict
                             : engine_kind_ == EngineKind::Copy ? Chooser::Mode::AlwaysCopy
                                                                : Chooser::Mode::AlwaysEngine;
  chooser_ = Chooser(options_.calibrate ? calibrate_engine() : CostModel{}, mode);
}

bool PageMover::open_engine(const os::Capabilities& capabilities, EngineKind kind) {
  engine_kind_ = kind;
  engine_ = nullptr;
  if (kind == EngineKind::Copy) return true;
  if (kind == EngineKind::Relocate && capabilities.works(os::Capability::UserfaultfdMove)) {
    if (!uffd_.open(reservation_).ok()) return false;
    engine_ = &uffd_;
    return true;
  }
  // Every remap keeps its source and may merge at its destination: what these kernels must not be asked for.
  if (capabilities.dontunmap_merge_is_unsafe) return false;
  relocate_flags_ = kind == EngineKind::Relocate ? capabilities.relocate_flags : 0;
  const MoverKind mover = kind == EngineKind::Relocate ? MoverKind::RelocateMremap
                          : capabilities.works(os::Capability::RemapManyKeepSource) ? MoverKind::RemapMulti
                                                                                    : MoverKind::RemapSingle;
  remap_.emplace(kernel_, mover, budget_, relocate_flags_);
  engine_ = &*remap_;
  return true;
}

// On scratch memory of its own, with an engine of the same kind: the reservation is not touched.
CostModel PageMover::calibrate_engine() {
  Result<os::MetadataMemory> scratch = os::MetadataMemory::map(kernel_, calibration_bytes);
  if (!scratch) return CostModel{};
  const AddressRange range = scratch.value().range();
  if (engine_ == &uffd_) {
    UffdMover engine(kernel_);
    return calibrate(kernel_, engine.open(range).ok() ? &engine : nullptr, range);
  }
  if (engine_ == nullptr) return calibrate(kernel_, nullptr, range);
  VmaBudget budget;
  budget.open(kernel_, range, 0);
  RemapMover engine(kernel_, engine_->kind(), budget, relocate_flags_);
  return calibrate(kernel_, &engine, range);
}

void PageMover::heal_if_short(MoveReport& report) {
  if (!options_.heal || budget_.used() < heal_again_at_) return;
  heal(kernel_, reservation_, {budget_.allowed() / 2, options_.advice}, report);
  budget_.recount();
  // Where healing could not help it is not tried again at every slice.
  heal_again_at_ =
      std::max(budget_.allowed() - budget_.allowed() / 4, budget_.used() + budget_.allowed() / 8);
}

// Heals when the budget runs short, and says whether the engine may make VMAs at all.
bool PageMover::engine_available(MoveReport& report) {
  if (engine_ == nullptr) return false;
  if (engine_kind_ != EngineKind::Remap) return true;
  if (budget_.used() >= heal_again_at_) budget_.recount_if_due();
  heal_if_short(report);
  return budget_.left() >= least_vmas;
}

// Only where VMAs of another kind were met is it asked what a copy would run into.
void PageMover::finish_span_by_copy(const MoveBatch& one_span, VmaLookup& lookup, MoveReport& report) {
  SpanOutcome& outcome = one_span.outcomes[0];
  MoveSpan span = one_span.spans[0];
  const std::size_t done = outcome.bytes_moved;
  if (outcome.reason == Reason::VmaBorder) {
    const std::size_t plain = std::min(lookup.plain_bytes({span.from + done, span.bytes - done}),
                                       lookup.plain_bytes({span.to + done, span.bytes - done}));
    span.bytes = done + plain;
  }
  MoveBatch part = one_span;
  part.spans = {&span, 1};
  move_by(copy_, part, report);
  if (span.bytes < one_span.spans[0].bytes && outcome.reason == Reason::None)
    outcome.reason = Reason::Protected;
}

void PageMover::finish_by_copy(const MoveBatch& batch, MoveReport& report) {
  VmaLookup lookup(kernel_);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    SpanOutcome& outcome = batch.outcomes[i];
    if (outcome.bytes_moved == batch.spans[i].bytes) continue;
    const Reason reason = outcome.reason;
    if (!copy_is_correct(reason) && !(reason == Reason::Pinned && batch.copy_pinned_pages)) continue;
    ++report.fallbacks[static_cast<std::size_t>(reason)];
    MoveBatch one = batch;
    one.spans = batch.spans.subspan(i, 1);
    one.outcomes = batch.outcomes.subspan(i, 1);
    one.destination_warm = false;  // the engine emptied it
    finish_span_by_copy(one, lookup, report);
  }
}

double PageMover::move_by(Mover& mover, const MoveBatch& batch, MoveReport& report) {
  const std::uint64_t start = nanoseconds_now();
  mover.move(batch, report);
  const double nanoseconds = static_cast<double>(nanoseconds_now() - start);
  report.of(mover.kind()).nanoseconds += static_cast<std::uint64_t>(nanoseconds);
  return nanoseconds;
}

void PageMover::send(Way way, const MoveBatch& batch, const Chooser::Conditions& conditions,
                     MoveReport& report) {
  // What was begun before, or is not finished, says nothing about the price of a span.
  bool from_start_to_end = true;
  double pages = 0;
  Chooser::Observation seen;
  double predicted = 0;
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    if (i == 0 || !costs_alike(batch.spans[i], batch.spans[i - 1])) {
      predicted = chooser_.predict(batch.spans[i], way, conditions);
    }
    seen.add(batch.spans[i], predicted);
    from_start_to_end = from_start_to_end && batch.outcomes[i].bytes_moved == 0;
    pages += static_cast<double>(batch.spans[i].bytes >> page_shift);
  }
  seen.nanoseconds = move_by(way == Way::Engine ? *engine_ : copy_, batch, report);
  // Whoever gives the sources back himself pays for it later; an engine leaves nothing to give back.
  if (way == Way::Copy && !batch.release_sources) seen.nanoseconds += chooser_.costs().release_page * pages;
  const bool complete = is_complete(batch);
  if (from_start_to_end && complete) chooser_.observe(way, conditions, seen);
  if (complete) return;
  // Moving needs no memory where a copy found none.
  if (way == Way::Copy && conditions.engine_available) move_by(*engine_, batch, report);
  if (way == Way::Engine) finish_by_copy(batch, report);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const Reason reason = batch.outcomes[i].reason;
    if (batch.outcomes[i].bytes_moved != batch.spans[i].bytes)
      ++report.left[static_cast<std::size_t>(reason)];
  }
}

// Neighbours that go the same way stay together, so that the engine can join them.
void PageMover::move_slice(const MoveBatch& batch, MoveReport& report) {
  const Chooser::Conditions conditions{batch.running_threads, batch.destination_warm,
                                       engine_available(report)};
  if (engine_kind_ == EngineKind::Remap && !conditions.engine_available) budget_.add_runs(batch.spans.size());
  for (std::size_t first = 0; first < batch.spans.size();) {
    const Way way = chooser_.choose(batch.spans[first], conditions);
    std::size_t last = first + 1;
    while (last < batch.spans.size() && (costs_alike(batch.spans[last], batch.spans[last - 1]) ||
                                         chooser_.choose(batch.spans[last], conditions) == way)) {
      ++last;
    }
    MoveBatch part = batch;
    part.spans = batch.spans.subspan(first, last - first);
    part.outcomes = batch.outcomes.subspan(first, last - first);
    send(way, part, conditions, report);
    first = last;
  }
}

bool PageMover::is_sound(const MoveSpan& span, const SpanOutcome& outcome) const {
  const bool whole_pages = is_aligned(value(span.from) | value(span.to) | span.bytes, page_bytes) &&
                           is_aligned(outcome.bytes_moved, page_bytes);
  // In this order: nothing is added up before it is known to be inside.
  return whole_pages && outcome.bytes_moved <= span.bytes && reservation_.contains(span.source()) &&
         reservation_.contains(span.destination()) && !span.source().overlaps(span.destination());
}

void PageMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  SHUNT_CHECK_DEEP(spans_overlap(batch.spans), ==, false);
  for (std::size_t first = 0; first < batch.spans.size();) {
    std::size_t count = 0;
    while (count < slice_spans && first + count < batch.spans.size() &&
           is_sound(batch.spans[first + count], batch.outcomes[first + count])) {
      ++count;
    }
    MoveBatch slice = batch;
    slice.spans = batch.spans.subspan(first, count);
    slice.outcomes = batch.outcomes.subspan(first, count);
    if (count != 0) move_slice(slice, report);
    first += count;
    if (count == slice_spans || first == batch.spans.size()) continue;
    batch.outcomes[first++].reason = Reason::BadSpan;
    ++report.left[static_cast<std::size_t>(Reason::BadSpan)];
  }
}

}  // namespace shunt
