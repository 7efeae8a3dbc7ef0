// What mremap may answer, and the hole that a failed call can leave: contents right, reservation whole,
// whatever moved counted. Failures are simulated; partial progress is really made before the error comes.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "move/mover_stage.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t heap_pages = 1024;
constexpr std::size_t source = 10;
constexpr std::size_t destination = 600;
constexpr std::size_t span_pages = 40;
constexpr std::size_t block = 8;  // pages a VMA in make_borders()

PageMoverOptions remap() { return engine_options(EngineKind::Remap); }

// Every second block of the source gets a VMA of its own.
void make_borders(const TestHeap& heap) {
  for (std::size_t at = source; at < source + span_pages; at += 2 * block) {
    REQUIRE(::madvise(pointer_to(heap.page(at)), block * page_bytes, MADV_DONTDUMP) == 0);
  }
}

bool moves_many() { return host_capabilities().works(os::Capability::RemapManyKeepSource); }

}  // namespace

TEST_CASE("a multi-VMA mremap that stops part of the way (simulated) is found out and finished") {
  SHUNT_NEEDS_REMAP();
  SHUNT_NEEDS(moves_many(), "multi-VMA mremap");
  for (const bool unmaps_rest : {false, true}) {
    for (const int code : {EFAULT, ENOMEM, EINVAL, EAGAIN, EPERM}) {
      INFO("errno ", code, (unmaps_rest ? ", the rest of the destination unmapped" : ""));
      MoverStage stage(heap_pages, remap());
      const MoveSpan span = stage.filled_span(source, destination, span_pages);
      make_borders(stage.heap);
      stage.faulty.replace(is_remap, 0, 1, partial_remap(2 * block * page_bytes, code, unmaps_rest));
      check_moved(stage, span, stage.move(span));
      CHECK(stage.moved_by(MoverKind::RemapMulti) >= 2 * block * page_bytes);
      CHECK(stage.all_fallbacks() == (code == EFAULT ? 0 : 1));
    }
  }
}

TEST_CASE("a failed mremap that has unmapped its destination (simulated): the reservation is whole again") {
  SHUNT_NEEDS_REMAP();
  for (const int code : {EFAULT, ENOMEM, EINVAL, EAGAIN, ENOSYS}) {
    INFO("errno ", code);
    MoverStage stage(heap_pages, remap());
    const MoveSpan span = stage.filled_span(source, destination, span_pages);
    stage.faulty.replace(is_remap, 0, FaultyKernel::for_ever, partial_remap(0, code, true));
    check_moved(stage, span, stage.move(span));
    CHECK(stage.moved_by(MoverKind::PageCopy) == span.bytes);
    CHECK(stage.all_fallbacks() == 1);
  }
}

TEST_CASE("a foreign mapping that lands where a failed mremap left a hole (simulated) is not written to") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(heap_pages, remap());
  const MoveSpan span = stage.filled_span(source, destination, 8);
  void* foreign = pointer_to(span.to);
  stage.faulty.replace(is_remap, 0, 1, [&](const KernelCall&) -> long {
    ::mmap(foreign, span.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return -EFAULT;
  });
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == 0);
  CHECK(outcome.reason == Reason::Protected);
  CHECK(*static_cast<volatile std::uint64_t*>(foreign) == 0);
  CHECK(stage.heap.what_is_wrong_with_contents() == "");
}

TEST_CASE("nobody can land in the reservation between the calls of a remap") {
  SHUNT_NEEDS_REMAP();
  for (const MoverKind kind : {MoverKind::RemapSingle, MoverKind::RemapMulti}) {
    SHUNT_NEEDS(kind == MoverKind::RemapSingle || moves_many(), "multi-VMA mremap");
    FaultyKernel faulty;
    TestHeap heap(heap_pages * page_bytes);
    VmaBudget budget;
    budget.open(faulty.gate(), heap.range(), 0);
    RemapMover mover(faulty.gate(), kind, budget);
    heap.fill(source, span_pages, TestHeap::Fill::Full);
    make_borders(heap);
    std::size_t checked = 0;
    faulty.watch([&](const KernelCall& call, long) {
      if (!is_remap(call)) return;
      ++checked;
      CHECK(heap.what_is_wrong_with_mapping() == "");
    });
    const MoveSpan span = heap.span(source, destination, span_pages);
    SpanOutcome outcome;
    MoveReport report;
    mover.move({{&span, 1}, {&outcome, 1}}, report);
    faulty.watch(nullptr);
    CHECK(outcome.bytes_moved == span.bytes);
    CHECK(checked == (kind == MoverKind::RemapSingle ? span_pages / block : 1));
    heap.expect_moved(span, 0, span.bytes);
    check_heap(heap);
  }
}

TEST_CASE(
    "mremap that never works (simulated) costs one copy a span, and at the VMA limit one call a batch") {
  SHUNT_NEEDS_REMAP();
  const struct {
    int code;
    Reason reason;
    bool asks_once;
  } answers[] = {{ENOMEM, Reason::VmaLimit, true}, {EAGAIN, Reason::Busy, false},
                 {EPERM, Reason::Refused, false},  {ENOSYS, Reason::Refused, false},
                 {EINVAL, Reason::Refused, false}, {EFAULT, Reason::VmaBorder, false}};
  for (const auto& answer : answers) {
    INFO("errno ", answer.code);
    MoverStage stage(heap_pages, remap());
    stage.faulty.fail(is_remap, 0, FaultyKernel::for_ever, answer.code);
    std::vector<MoveSpan> spans;
    for (std::size_t i = 0; i < 20; ++i) spans.push_back(stage.filled_span(2 * i, destination + 3 * i, 1));
    const auto outcomes = stage.move_all(spans);
    CHECK(all_moved(spans, outcomes));
    CHECK(stage.fallbacks(answer.reason) == 20);
    CHECK(stage.faulty.count(is_remap) == (answer.asks_once ? 1 : 20));
    check_heap(stage.heap);
  }
}

TEST_CASE("without /proc (simulated) remap and its failures keep every page") {
  SHUNT_NEEDS_REMAP();
  const auto opens_a_file = [](const KernelCall& call) { return call.number == SYS_openat; };
  for (const bool fails : {false, true}) {
    for (const bool warm : {false, true}) {
      INFO((fails ? "mremap fails part of the way" : "mremap works"),
           (warm ? ", dead pages at the destination" : ""));
      MoverStage stage(heap_pages, remap());
      stage.faulty.fail(opens_a_file, 0, FaultyKernel::for_ever, ENOENT);
      const MoveSpan span = stage.filled_span(source, destination, span_pages);
      make_borders(stage.heap);
      if (fails) stage.faulty.replace(is_remap, 0, 1, partial_remap(2 * block * page_bytes, ENOMEM, false));
      if (warm) stage.heap.fill_with_garbage(span.destination());
      MoveBatch batch;
      batch.destination_warm = warm;
      check_moved(stage, span, stage.move(span, batch));
    }
  }
}

TEST_CASE("dead pages at the destination do not show through what an engine handed on (simulated failures)") {
  for (const EngineKind engine : {EngineKind::Relocate, EngineKind::Remap}) {
    SHUNT_NEEDS(engine != EngineKind::Relocate || host_capabilities().works(os::Capability::UserfaultfdMove),
                "UFFDIO_MOVE");
    SHUNT_NEEDS(engine != EngineKind::Remap || host_can_remap(), "mremap with DONTUNMAP");
    for (const int code : {ENOMEM, ENOSYS}) {
      INFO(engine_name(engine), ", errno ", code);
      MoverStage stage(heap_pages, engine_options(engine));
      stage.faulty.fail(is_uffd_move, 0, FaultyKernel::for_ever, code);
      stage.faulty.fail(is_remap, 0, FaultyKernel::for_ever, code);
      std::vector<MoveSpan> spans;
      for (std::size_t i = 0; i < 10; ++i) {
        stage.heap.fill(20 * i, 3, TestHeap::Fill::Full);  // and then two holes
        stage.heap.fill(20 * i + 5, 2, TestHeap::Fill::WrittenZero);
        spans.push_back(stage.heap.span(20 * i, destination + 10 * i, 7));
        stage.heap.fill_with_garbage(spans.back().destination());
      }
      std::vector<SpanOutcome> outcomes(spans.size());
      MoveBatch batch{spans, outcomes};
      batch.destination_warm = true;
      stage.pages.move(batch, stage.report);
      stage.heap.expect_moved(spans, outcomes);
      CHECK(all_moved(spans, outcomes));
      check_heap(stage.heap);
    }
  }
}
