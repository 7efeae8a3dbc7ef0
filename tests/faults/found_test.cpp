// What the sweep found, or what was found while it was written: each by itself, so that it stays mended
// whatever the sample is.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "faults/heap_checks.hpp"
#include "move/hole_filling.hpp"
#include "move/mover_stage.hpp"
#include "move/page_contents.hpp"
#include "support/partial_calls.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t quarter = 128;  // pages

FaultyKernel::Match opens(const char* path) {
  return [=](const KernelCall& call) {
    return call.number == SYS_openat &&
           std::string_view(reinterpret_cast<const char*>(call.arguments[1])) == path;
  };
}

// Contents in eight VMAs of two pages side by side, which is what scattered moves leave. They lie in the
// second quarter of the reservation.
MoveSpan span_of_eight_vmas(MoverStage& stage) {
  std::vector<MoveSpan> scattered;
  for (std::size_t i = 0; i < 8; ++i) {
    stage.heap.fill(4 * i, 2, TestHeap::Fill::Full);
    scattered.push_back(stage.heap.span(4 * i, quarter + 2 * (7 - i), 2));
  }
  REQUIRE(all_moved(scattered, stage.move_all(scattered)));
  return stage.heap.span(quarter, 2 * quarter, 16);
}

}  // namespace

TEST_CASE(
    "simulated: a multi-VMA move stops half way and /proc/self/pagemap is closed: what has moved stays "
    "moved") {
  SHUNT_NEEDS_REMAP();
  SHUNT_NEEDS(host_capabilities().works(os::Capability::RemapManyKeepSource), "multi-VMA mremap");
  for (const int code : {EFAULT, ENOMEM, EPERM, EINTR}) {
    for (const bool unmaps_rest : {false, true}) {
      INFO("errno " << code << ", unmaps the rest: " << unmaps_rest);
      MoverStage stage(4 * quarter, engine_options(EngineKind::Remap));
      const MoveSpan span = span_of_eight_vmas(stage);
      stage.faulty.replace(is_remap, 0, 1, remap_of_some_vmas(code, unmaps_rest));
      stage.faulty.fail(opens("/proc/self/pagemap"), 0, FaultyKernel::for_ever, EACCES);
      const SpanOutcome outcome = stage.move(span);
      CHECK(stage.faulty.replaced() >= 2);
      CHECK(outcome.bytes_moved == span.bytes);
      check_heap(stage.heap);
    }
  }
}

TEST_CASE(
    "simulated: healing fails after unmapping, and there is no memory for a copy: all is written back") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(16 * quarter, engine_options(EngineKind::Remap));
  std::vector<MoveSpan> scattered;
  for (std::size_t i = 0; i < 200; ++i) {
    stage.heap.fill(2 * i, 1, TestHeap::Fill::Full);
    scattered.push_back(stage.heap.span(2 * i, 8 * quarter + 199 - i, 1));
  }
  REQUIRE(all_moved(scattered, stage.move_all(scattered)));
  bool unmapped = false;
  stage.faulty.replace(is_remap, 0, 1, [&](const KernelCall& call) {
    unmapped = true;
    return remap_that_unmaps(ENOMEM)(call);
  });
  const auto after_unmapping = [&](auto match) {
    return [&unmapped, match](const KernelCall& call) { return unmapped && match(call); };
  };
  stage.faulty.fail(after_unmapping(is_populate), 0, FaultyKernel::for_ever, ENOMEM);
  stage.faulty.fail(after_unmapping([](const KernelCall& call) { return call.number == SYS_mmap; }), 0, 3,
                    ENOMEM);
  MoveReport report;
  heal(stage.faulty.gate(), stage.heap.range(), {1, {}}, report);
  CHECK(unmapped);
  stage.faulty.forget_rules();
  check_heap(stage.heap);
  CHECK(stage.heap.vmas() < 100);
}

TEST_CASE(
    "simulated: before 6.17, with no reader of VMAs, the per-VMA mover leaves long ranges to page copy") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(4 * quarter, engine_options(EngineKind::Remap));
  const MoveSpan span = span_of_eight_vmas(stage);
  VmaBudget budget;
  budget.open(os::SystemCalls::real(), stage.heap.range(), 1000);
  RemapMover by_vma(stage.faulty.gate(), MoverKind::RemapSingle, budget);
  stage.faulty.fail(opens("/proc/self/maps"), 0, FaultyKernel::for_ever, EMFILE);
  const std::size_t before = stage.faulty.count(is_remap);
  SpanOutcome outcome;
  by_vma.move({{&span, 1}, {&outcome, 1}}, stage.report);
  CHECK(stage.faulty.count(is_remap) == before);
  CHECK(outcome.bytes_moved == 0);
  CHECK(outcome.reason == Reason::VmaBorder);
  CHECK(copy_is_correct(outcome.reason));
  check_heap(stage.heap);
}

TEST_CASE(
    "simulated: a sandbox that comes to refuse ioctl: the descriptor is known by its file, and closed") {
  SHUNT_NEEDS_UFFD_MOVE();
  FaultRun run({});
  {
    Heap heap(run.gate(), heap_for_faults(EngineKind::Relocate));
    REQUIRE(heap.open().ok());
    run.always([](const KernelCall& call) { return call.number == SYS_ioctl; },
               [](const KernelCall&) { return -long{EPERM}; });
    CHECK(what_is_wrong_with_using(heap) == "");
  }
  CHECK(run.ledger().what_is_leaked() == "");
}

TEST_CASE("simulated: where futex is refused no page can be proved a probe's own, so none is put at risk") {
  FaultRun run({});
  run.always([](const KernelCall& call) { return call.number == SYS_futex; },
             [](const KernelCall&) { return -long{EPERM}; });
  {
    Heap heap(run.gate(), heap_for_faults({}));
    REQUIRE(heap.open().ok());
    CHECK(heap.page_mover().engine_kind() == EngineKind::Copy);
    CHECK(what_is_wrong_with_using(heap) == "");
  }
  CHECK(run.ledger().what_is_leaked() == "");
}

TEST_CASE("memory is given back around a hole, which is not written to") {
  FaultyKernel kernel;
  TestHeap heap(8 * page_bytes);
  heap.fill(0, 8, TestHeap::Fill::Full);
  ::munmap(pointer_to(heap.page(3)), page_bytes);
  kernel.fail(is_drop, 0, FaultyKernel::for_ever, ENOMEM);
  CHECK_FALSE(release_range(kernel.gate(), heap.range()));
  for (const std::size_t page : {0, 1, 2, 4, 5, 6, 7}) CHECK(is_zero_page(heap.page(page)));
  CHECK_FALSE(is_fully_mapped(os::SystemCalls::real(), {heap.page(3), page_bytes}));
  CHECK_FALSE(os::failed(os::map_hole(os::SystemCalls::real(), {heap.page(3), page_bytes})));
}

TEST_CASE("simulated: objects that there is no memory to copy stay, and the report says why") {
  FaultRun run({});
  ModelHeap model(heap_for_faults(EngineKind::Copy), test_seed(), run.gate());
  for (int i = 0; i < 2000; ++i) model.add(1000);
  std::size_t i = 0;
  model.kill_if([&](const ModelObject&) { return i++ % 3 != 0; });
  run.always(is_populate, [](const KernelCall&) { return -long{ENOMEM}; });
  CompactOptions options;
  options.goal.page_moves = false;
  const Result<CompactionReport> report = model.try_compact(options);
  REQUIRE(report.ok());
  CHECK(report.value().bytes_left != 0);
  CHECK(report.value().moves.left[static_cast<std::size_t>(Reason::NoMemory)] != 0);
  CHECK(model.what_is_wrong() == "");
}
