// What UFFDIO_MOVE may answer (docs/kernel.md), and that every answer changes how pages move, never what they
// hold.
//
// Where the kernel shows the error by itself it is made to; the others come from a simulated kernel and say
// so.
#include <cerrno>

#include "move/mover_stage.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t heap_pages = 1024;
constexpr std::size_t source = 10;
constexpr std::size_t destination = 600;

PageMoverOptions relocate() { return engine_options(EngineKind::Relocate); }

}  // namespace

TEST_CASE("UFFDIO_MOVE (simulated: EAGAIN part of the way) goes on from where it stopped") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, relocate());
  stage.faulty.replace(is_uffd_move, 0, 9, partial_uffd_move(3 * page_bytes));
  const MoveSpan span = stage.filled_span(source, destination, 64);
  check_moved(stage, span, stage.move(span));
  CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
  CHECK(stage.report.of(MoverKind::RelocateUserfaultfd).calls == 10);
  CHECK(stage.all_fallbacks() == 0);
}

TEST_CASE("UFFDIO_MOVE (simulated: EAGAIN, nothing moved, a negative count) is asked again") {
  SHUNT_NEEDS_UFFD_MOVE();
  for (const int code : {EAGAIN, ENOENT, EINTR}) {
    INFO("errno ", code);
    MoverStage stage(heap_pages, relocate());
    stage.faulty.replace(is_uffd_move, 0, 5, failed_uffd_move(code));
    const MoveSpan span = stage.filled_span(source, destination, 64);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.all_fallbacks() == 0);
  }
}

TEST_CASE(
    "UFFDIO_MOVE (simulated: an error that never ends) gives way to page copy after a bounded number of "
    "calls") {
  SHUNT_NEEDS_UFFD_MOVE();
  const struct {
    int code;
    Reason reason;
  } answers[] = {{EAGAIN, Reason::Busy},    {ENOENT, Reason::Busy},    {ENOMEM, Reason::NoMemory},
                 {EPERM, Reason::Refused},  {ENOSYS, Reason::Refused}, {EBADF, Reason::Refused},
                 {ENOTTY, Reason::Refused}, {ESRCH, Reason::Refused},  {EINVAL, Reason::VmaBorder},
                 {EEXIST, Reason::Busy}};
  for (const auto& answer : answers) {
    INFO("errno ", answer.code);
    MoverStage stage(heap_pages, relocate());
    stage.faulty.fail(is_uffd_move, 1, FaultyKernel::for_ever, answer.code);
    stage.faulty.replace(is_uffd_move, 0, 1, partial_uffd_move(5 * page_bytes));
    const MoveSpan span = stage.filled_span(source, destination, 64);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.fallbacks(answer.reason) == 1);
    CHECK(stage.faulty.count(is_uffd_move) <= 100);
  }
}

TEST_CASE("destination pages that were only read are dropped, small and huge") {
  SHUNT_NEEDS_UFFD_MOVE();
  for (const os::HugePageAdvice advice : {os::HugePageAdvice::Never, os::HugePageAdvice::Always}) {
    MoverStage stage(4 * pages_per_huge_page, relocate(), advice);
    const MoveSpan span = stage.filled_span(0, 2 * pages_per_huge_page, pages_per_huge_page + 100);
    stage.heap.fill(2 * pages_per_huge_page + 3, pages_per_huge_page - 3, TestHeap::Fill::Read);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
    CHECK(stage.report.dropped_zero_pages >= pages_per_huge_page - 3);
    CHECK(stage.report.of(MoverKind::RelocateUserfaultfd).calls < 20);
  }
}

TEST_CASE("a destination page with contents is not overwritten and not dropped; what is before it arrives") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, relocate());
  const MoveSpan span = stage.filled_span(source, destination, 64);
  stage.heap.fill(destination + 20, 1, TestHeap::Fill::Sparse);
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == 20 * page_bytes);
  CHECK(outcome.reason == Reason::DestinationOccupied);
  CHECK(stage.left(Reason::DestinationOccupied) == 1);
  CHECK(stage.moved_by(MoverKind::PageCopy) == 0);
  check_heap(stage.heap);
}

TEST_CASE(
    "a zero page in the way that cannot be dropped (simulated: madvise refused) gives way to page copy") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, relocate());
  const MoveSpan span = stage.filled_span(source, destination, 64);
  stage.heap.fill(destination + 20, 4, TestHeap::Fill::Read);
  stage.faulty.fail(is_drop, 0, FaultyKernel::for_ever, EPERM);
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == span.bytes);
  CHECK(stage.fallbacks(Reason::Refused) == 1);
  check_heap(stage.heap);
}

TEST_CASE("a page that is busy and cannot be given a copy of its own (simulated) is copied or stays") {
  SHUNT_NEEDS_UFFD_MOVE();
  const struct {
    int code;
    bool moves;
  } answers[] = {{ENOMEM, true}, {EFAULT, false}, {EHWPOISON, false}};
  for (const auto& answer : answers) {
    INFO("errno of MADV_POPULATE_WRITE ", answer.code);
    MoverStage stage(heap_pages, relocate());
    stage.faulty.fail(is_uffd_move, 0, 1, EBUSY);
    stage.faulty.fail(is_populate, 0, 1, answer.code);
    const MoveSpan span = stage.filled_span(source, destination, 8);
    const SpanOutcome outcome = stage.move(span);
    CHECK(outcome.bytes_moved == (answer.moves ? span.bytes : 0));
    CHECK(stage.fallbacks(Reason::Busy) == (answer.moves ? 1 : 0));
    CHECK(stage.left(Reason::Protected) == (answer.moves ? 0 : 1));
    check_heap(stage.heap);
  }
}

TEST_CASE("a kernel without MADV_POPULATE_WRITE (simulated) gives the same results") {
  for (const EngineKind engine : {EngineKind::Relocate, EngineKind::Copy}) {
    SHUNT_NEEDS(host_capabilities().supports(engine), "UFFDIO_MOVE");
    MoverStage stage(heap_pages, engine_options(engine));
    stage.faulty.fail(is_populate, 0, FaultyKernel::for_ever, EINVAL);
    stage.faulty.fail(is_uffd_move, 0, 1, EBUSY);
    const MoveSpan span = stage.filled_span(source, destination, 64);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.all_fallbacks() == 0);
  }
}

TEST_CASE(
    "page copy without memory (simulated: ENOMEM of populate) undoes its chunk, loses nothing and says so") {
  MoverStage stage(8 * pages_per_huge_page, engine_options(EngineKind::Copy));
  stage.faulty.fail(is_populate, 1, FaultyKernel::for_ever, ENOMEM);
  const std::size_t chunk_pages = PageCopyMover::chunk_bytes / page_bytes;
  const MoveSpan span = stage.filled_span(0, 4 * pages_per_huge_page, chunk_pages + 500);
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == PageCopyMover::chunk_bytes);
  CHECK(outcome.reason == Reason::NoMemory);
  CHECK(stage.left(Reason::NoMemory) == 1);
  CHECK(stage.heap.resident_bytes(span.destination_from(outcome.bytes_moved)) == 0);
  check_heap(stage.heap);
  stage.faulty.forget_rules();
  SpanOutcome resumed = outcome;
  stage.pages.move({{&span, 1}, {&resumed, 1}}, stage.report);
  stage.heap.expect_moved(span, outcome.bytes_moved, span.bytes);
  check_moved(stage, span, resumed);
}

TEST_CASE("what page copy has no memory for (simulated) the engine moves, which needs none") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(std::nullopt));
  stage.faulty.fail(is_populate, 0, FaultyKernel::for_ever, ENOMEM);
  const MoveSpan span = stage.filled_span(source, destination, 64);
  MoveBatch crowded;
  crowded.running_threads = 100'000;  // makes the chooser prefer the copy
  check_moved(stage, span, stage.move(span, crowded));
  CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
}

TEST_CASE("sources that cannot be given back (simulated: madvise refused) read as zeros all the same") {
  MoverStage stage(heap_pages, engine_options(EngineKind::Copy));
  stage.faulty.fail(is_drop, 0, FaultyKernel::for_ever, EPERM);
  stage.heap.fill(source, 32, TestHeap::Fill::Full);
  const MoveSpan span = stage.heap.span(source, destination, 64);  // half of it holes
  const std::size_t resident = stage.heap.resident_bytes(span.source());
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == span.bytes);
  CHECK(stage.heap.resident_bytes(span.source()) <= resident);
  check_heap(stage.heap);
}
