// Pages that the kernel treats specially: pinned, locked, protected, guarded, over VMA borders. All real.
#include <sys/mman.h>

#include <cerrno>

#include "move/mover_stage.hpp"
#include "support/pinned_pages.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t heap_pages = 1024;
constexpr std::size_t source = 10;
constexpr std::size_t destination = 600;
constexpr int guard_install = 102;  // MADV_GUARD_INSTALL, 6.13

void advise(const TestHeap& heap, std::size_t first, std::size_t count, int advice) {
  REQUIRE(::madvise(pointer_to(heap.page(first)), count * page_bytes, advice) == 0);
}

void protect(const TestHeap& heap, std::size_t first, std::size_t count, int protection) {
  REQUIRE(::mprotect(pointer_to(heap.page(first)), count * page_bytes, protection) == 0);
}

char first_byte(const TestHeap& heap, std::size_t page) {
  return *pointer_to<volatile char>(heap.page(page));
}

}  // namespace

TEST_CASE("relocate leaves a pinned page where it is and says so; what is before it arrives") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 16);
  PinnedPages pins({stage.heap.page(source + 5), page_bytes});
  SHUNT_NEEDS(pins.pinned(), "io_uring (registered buffers)");
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == 5 * page_bytes);
  CHECK(outcome.reason == Reason::Pinned);
  CHECK(stage.left(Reason::Pinned) == 1);
  CHECK(stage.moved_by(MoverKind::PageCopy) == 0);
  check_heap(stage.heap);
  // Still the kernel's page: it sees what is written, we see what it writes.
  REQUIRE(pins.kernel_writes(0, 'x'));
  CHECK(first_byte(stage.heap, source + 5) == 'x');
}

TEST_CASE("a pinned page is copied only where the caller says so") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 16);
  PinnedPages pins({stage.heap.page(source + 5), page_bytes});
  SHUNT_NEEDS(pins.pinned(), "io_uring (registered buffers)");
  MoveBatch batch;
  batch.copy_pinned_pages = true;
  check_moved(stage, span, stage.move(span, batch));
  CHECK(stage.fallbacks(Reason::Pinned) == 1);
  CHECK(stage.moved_by(MoverKind::PageCopy) == 11 * page_bytes);
}

TEST_CASE("remap moves a pinned page, and the kernel's writes follow it") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(heap_pages, engine_options(EngineKind::Remap));
  const MoveSpan span = stage.filled_span(source, destination, 16);
  PinnedPages pins({stage.heap.page(source + 5), page_bytes});
  SHUNT_NEEDS(pins.pinned(), "io_uring (registered buffers)");
  check_moved(stage, span, stage.move(span));
  CHECK(stage.all_fallbacks() == 0);
  REQUIRE(pins.kernel_writes(0, 'x'));
  CHECK(first_byte(stage.heap, destination + 5) == 'x');
}

TEST_CASE("relocate moves over VMA borders piece by piece") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 64);
  advise(stage.heap, source + 7, 9, MADV_DONTDUMP);
  advise(stage.heap, destination + 30, 1, MADV_DONTDUMP);
  protect(stage.heap, source + 200, 1, PROT_READ);  // a border elsewhere does not matter
  protect(stage.heap, source + 200, 1, PROT_READ | PROT_WRITE);
  check_moved(stage, span, stage.move(span));
  CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
}

TEST_CASE("a page that is not readable and writable stays, and what is before it arrives") {
  SHUNT_NEEDS_UFFD_MOVE();
  for (const int protection : {PROT_NONE, PROT_READ}) {
    for (const std::size_t side : {source, destination}) {
      INFO("protection ", protection, " at page ", side + 9);
      MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
      const MoveSpan span = stage.filled_span(source, destination, 64);
      protect(stage.heap, side + 9, 1, protection);
      const SpanOutcome outcome = stage.move(span);
      protect(stage.heap, side + 9, 1, PROT_READ | PROT_WRITE);
      CHECK(outcome.bytes_moved == 9 * page_bytes);
      CHECK(outcome.reason == Reason::Protected);
      CHECK(stage.moved_by(MoverKind::PageCopy) == 0);
      check_heap(stage.heap);
    }
  }
}

TEST_CASE("locked pages move to unlocked places by copy, up to a page that may not be touched") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 64);
  SHUNT_NEEDS(::mlock(pointer_to(stage.heap.page(source + 8)), 8 * page_bytes) == 0,
              "RLIMIT_MEMLOCK for 8 pages");
  check_moved(stage, span, stage.move(span));
  CHECK(stage.fallbacks(Reason::VmaBorder) == 1);
  CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == 8 * page_bytes);

  const MoveSpan second = stage.filled_span(source, destination + 100, 64);
  protect(stage.heap, source + 12, 1, PROT_NONE);
  const SpanOutcome outcome = stage.move(second);
  protect(stage.heap, source + 12, 1, PROT_READ | PROT_WRITE);
  CHECK(outcome.bytes_moved == 12 * page_bytes);
  CHECK(outcome.reason == Reason::Protected);
  check_heap(stage.heap);
  ::munlock(pointer_to(stage.heap.page(source + 8)), 8 * page_bytes);
}

TEST_CASE("locked on both sides: the zero pages that locking brought are dropped") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 32);
  SHUNT_NEEDS(::mlock(pointer_to(stage.heap.range().start), stage.heap.range().bytes) == 0,
              "RLIMIT_MEMLOCK for 4 MiB");
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == span.bytes);
  CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
  check_heap(stage.heap);
  ::munlock(pointer_to(stage.heap.range().start), stage.heap.range().bytes);
}

TEST_CASE("a guard page in the source stops relocation: it stays, and what is before it arrives") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, 16);
  stage.heap.fill(source + 6, 1, TestHeap::Fill::Hole);
  const bool guarded = ::madvise(pointer_to(stage.heap.page(source + 6)), page_bytes, guard_install) == 0;
  SHUNT_NEEDS(guarded, "MADV_GUARD_INSTALL");
  const SpanOutcome outcome = stage.move(span);
  CHECK(outcome.bytes_moved == 6 * page_bytes);
  CHECK(outcome.reason == Reason::Protected);
  CHECK(stage.left(Reason::Protected) == 1);
  CHECK(stage.moved_by(MoverKind::PageCopy) == 0);
  advise(stage.heap, source + 6, 1, guard_install + 1);
  check_heap(stage.heap);
}
