// A heap and its page mover behind a kernel that can be made to fail: what the tests of errors share.
#pragma once

#include <algorithm>
#include <numeric>

#include "move/mover_worlds.hpp"
#include "support/check.hpp"

namespace shunt::testing {

inline PageMoverOptions engine_options(std::optional<EngineKind> engine, std::size_t vma_budget = 0,
                                       bool heal = true) {
  PageMoverOptions options;
  options.engine = engine;
  options.calibrate = false;
  options.vma_budget = vma_budget;
  options.heal = heal;
  return options;
}

struct MoverStage {
  explicit MoverStage(std::size_t heap_pages, const PageMoverOptions& options,
                      os::HugePageAdvice huge = os::HugePageAdvice::Never)
      : heap(heap_pages * page_bytes, huge), pages(faulty.gate(), heap.range(), options) {
    pages.open(host_capabilities());
  }

  // Fills the source with contents.
  MoveSpan filled_span(std::size_t from_page, std::size_t to_page, std::size_t count) {
    heap.fill(from_page, count, TestHeap::Fill::Full);
    return heap.span(from_page, to_page, count);
  }

  // Moves, and tells the shadow what the outcomes say.
  SpanOutcome move(const MoveSpan& span, MoveBatch batch = {}) {
    SpanOutcome outcome;
    batch.spans = {&span, 1};
    batch.outcomes = {&outcome, 1};
    pages.move(batch, report);
    heap.expect_moved(batch.spans, batch.outcomes);
    return outcome;
  }
  std::vector<SpanOutcome> move_all(const std::vector<MoveSpan>& spans) {
    std::vector<SpanOutcome> outcomes(spans.size());
    pages.move({spans, outcomes}, report);
    heap.expect_moved(spans, outcomes);
    return outcomes;
  }

  std::uint64_t moved_by(MoverKind kind) const { return report.of(kind).bytes; }
  std::uint64_t fallbacks(Reason reason) const { return report.fallbacks[static_cast<std::size_t>(reason)]; }
  std::uint64_t left(Reason reason) const { return report.left[static_cast<std::size_t>(reason)]; }
  std::uint64_t all_fallbacks() const {
    return std::accumulate(report.fallbacks.begin(), report.fallbacks.end(), std::uint64_t{0});
  }

  FaultyKernel faulty;
  TestHeap heap;
  PageMover pages;
  MoveReport report;
};

inline void check_heap(const TestHeap& heap) {
  CHECK(heap.what_is_wrong_with_contents() == "");
  CHECK(heap.what_is_wrong_with_mapping() == "");
}

inline void check_moved(const MoverStage& stage, const MoveSpan& span, const SpanOutcome& outcome) {
  CHECK(outcome.bytes_moved == span.bytes);
  CHECK(outcome.reason == Reason::None);
  CHECK(stage.heap.resident_bytes(span.source()) == 0);
  check_heap(stage.heap);
}

}  // namespace shunt::testing

#define SHUNT_NEEDS_UFFD_MOVE()                                                                      \
  SHUNT_NEEDS(::shunt::testing::host_capabilities().works(::shunt::os::Capability::UserfaultfdMove), \
              "UFFDIO_MOVE")
#define SHUNT_NEEDS_REMAP() SHUNT_NEEDS(::shunt::testing::host_can_remap(), "mremap with DONTUNMAP")
