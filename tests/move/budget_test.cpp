// The remapping engine's VMA budget: kept, earned back by merges and by healing, and harmless when it is
// spent.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "move/mover_stage.hpp"
#include "os/vma.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// One-page runs from every second page of the lower half, in an order that lets nothing merge. The step is a
// prime that divides no count used here, so every run comes once.
std::vector<MoveSpan> scattered_runs(const TestHeap& heap, std::size_t count) {
  std::vector<MoveSpan> spans;
  const std::size_t half = heap.pages() / 2;
  for (std::size_t i = 0; i < count; ++i) spans.push_back(heap.span(2 * (i * 7919 % count), half + i, 1));
  return spans;
}

void fill_sources(TestHeap& heap, const std::vector<MoveSpan>& spans) {
  for (const MoveSpan& span : spans) {
    heap.fill((span.from - heap.range().start) / page_bytes, span.bytes / page_bytes, TestHeap::Fill::Sparse);
  }
}

// Scatters runs over a remapped heap, so that it consists of about as many VMAs.
void fragment(MoverStage& stage, std::size_t runs) {
  const auto spans = scattered_runs(stage.heap, runs);
  fill_sources(stage.heap, spans);
  REQUIRE(all_moved(spans, stage.move_all(spans)));
}

bool reads_maps(const KernelCall& call) {
  return call.number == SYS_openat &&
         std::string_view(reinterpret_cast<const char*>(call.arguments[1])) == "/proc/self/maps";
}

std::size_t heal_whole(MoverStage& stage, std::size_t wanted) {
  return heal(stage.faulty.gate(), stage.heap.range(), {wanted, {}}, stage.report);
}

}  // namespace

TEST_CASE("the VMA budget is kept; what does not fit is copied; recounts are few") {
  SHUNT_NEEDS_REMAP();
  constexpr std::size_t budget = 64;
  MoverStage stage(8192, engine_options(EngineKind::Remap, budget, false));
  CHECK(stage.pages.vma_budget().allowed() == budget);
  const auto spans = scattered_runs(stage.heap, 2000);
  fill_sources(stage.heap, spans);
  const auto outcomes = stage.move_all(spans);
  CHECK(all_moved(spans, outcomes));
  CHECK(stage.heap.vmas() <= budget);
  CHECK(stage.heap.vmas() > budget / 2);
  CHECK(stage.moved_by(MoverKind::PageCopy) > 0);
  CHECK(stage.faulty.count(reads_maps) < 300);
  check_heap(stage.heap);
}

TEST_CASE("a call over many VMAs takes as many from the budget as it makes") {
  SHUNT_NEEDS_REMAP();
  SHUNT_NEEDS(host_capabilities().works(os::Capability::RemapManyKeepSource), "multi-VMA mremap");
  constexpr std::size_t budget = 400;
  constexpr std::size_t half = 4096;
  MoverStage stage(2 * half, engine_options(EngineKind::Remap, budget, false));
  fragment(stage, 180);
  const std::size_t before = stage.heap.vmas();
  REQUIRE(before > 150);
  // The stretch of 180 runs goes on as one span: its VMAs come twice to where there was one.
  std::size_t from = half;
  for (const std::size_t to : {half + 400, half + 1000, half + 1600, half + 2200}) {
    const MoveSpan span = stage.heap.span(from, to, 180);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.heap.vmas() <= budget);
    from = to;
  }
}

TEST_CASE("once the budget is spent the VMAs are not counted again for every slice") {
  SHUNT_NEEDS_REMAP();
  constexpr std::size_t budget = 2000;
  MoverStage stage(32768, engine_options(EngineKind::Remap, budget, false));
  fragment(stage, budget);
  REQUIRE(stage.pages.vma_budget().left() < 300);
  std::vector<MoveSpan> spans;
  for (std::size_t i = 0; i < 20 * 256; ++i) spans.push_back(stage.heap.span(5000 + 2 * i, 20000 + i, 1));
  fill_sources(stage.heap, spans);
  const std::size_t before = stage.faulty.count(reads_maps);
  CHECK(all_moved(spans, stage.move_all(spans)));
  CHECK(stage.faulty.count(reads_maps) - before <= 15);  // of 20 slices
  CHECK(stage.heap.vmas() <= budget);
}

TEST_CASE("neighbours with the same distance go in one call and merge") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(4096, engine_options(EngineKind::Remap));
  stage.heap.fill(0, 512, TestHeap::Fill::Full);
  std::vector<MoveSpan> spans;
  for (std::size_t i = 0; i < 512; ++i) spans.push_back(stage.heap.span(i, 2048 + i, 1));
  const std::size_t before = stage.heap.vmas();
  CHECK(all_moved(spans, stage.move_all(spans)));
  CHECK(stage.report.of(stage.pages.engine()->kind()).calls == 2);  // one for each slice of 256 spans
  CHECK(stage.heap.vmas() <= before + 2);
  check_heap(stage.heap);
}

TEST_CASE("even runs first and odd ones later, by the same distance, merge into one VMA") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(4096, engine_options(EngineKind::Remap));
  stage.heap.fill(0, 64, TestHeap::Fill::Full);
  const std::size_t before = stage.heap.vmas();
  for (const std::size_t first : {0, 1}) {
    std::vector<MoveSpan> spans;
    for (std::size_t i = first; i < 32; i += 2) spans.push_back(stage.heap.span(2 * i, 2048 + 2 * i, 2));
    CHECK(all_moved(spans, stage.move_all(spans)));
  }
  CHECK(stage.heap.vmas() <= before + 2);
  check_heap(stage.heap);
}

TEST_CASE("relocation makes no VMA, however many runs") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(16384, engine_options(EngineKind::Relocate));
  const std::size_t before = stage.heap.vmas();
  fragment(stage, 4001);
  CHECK(stage.heap.vmas() == before);
  check_heap(stage.heap);
}

TEST_CASE("healing brings the VMA count down and changes nothing else") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(8192, engine_options(EngineKind::Remap, 4000, false));
  fragment(stage, 1500);
  stage.heap.fill_randomly(6000, 500, *std::make_unique<Random>(test_seed()));
  const std::size_t before = stage.heap.vmas();
  REQUIRE(before > 1000);
  const std::size_t resident = stage.heap.resident_bytes();
  CHECK(heal_whole(stage, 20) > 0);
  CHECK(stage.heap.vmas() <= 20);
  CHECK(stage.heap.resident_bytes() <= resident);
  check_heap(stage.heap);
}

TEST_CASE("healing comes by itself when the budget runs short, and keeps the engine going") {
  SHUNT_NEEDS_REMAP();
  constexpr std::size_t budget = 400;
  MoverStage stage(8192, engine_options(EngineKind::Remap, budget));
  fragment(stage, 2001);
  CHECK(stage.report.healed_bytes > 0);
  CHECK(stage.heap.vmas() <= budget);
  CHECK(stage.moved_by(stage.pages.engine()->kind()) > stage.moved_by(MoverKind::PageCopy));
  check_heap(stage.heap);
}

TEST_CASE("healed stretches keep the reservation's advice and merge with each other") {
  SHUNT_NEEDS_REMAP();
  PageMoverOptions options = engine_options(EngineKind::Remap, 4000, false);
  MoverStage stage(8192, options, os::HugePageAdvice::Never);
  fragment(stage, 1500);
  const HealingRequest request{4, {os::HugePageAdvice::Never, false}};
  CHECK(heal(stage.faulty.gate(), stage.heap.range(), request, stage.report) > 0);
  CHECK(stage.heap.vmas() <= 4);
  check_heap(stage.heap);
}

TEST_CASE("healing whose calls fail (simulated) leaves every page as it was") {
  SHUNT_NEEDS_REMAP();
  const auto maps = [](const KernelCall& call) {
    return call.number == SYS_mmap && call.arguments[1] > (1 << 20);
  };
  const struct {
    const char* what;
    FaultyKernel::Match match;
    FaultyKernel::Act act;
  } failures[] = {
      {"no scratch", maps, [](const KernelCall&) -> long { return -ENOMEM; }},
      {"no memory for the copy", is_populate, [](const KernelCall&) -> long { return -ENOMEM; }},
      {"mremap refused", is_remap, [](const KernelCall&) -> long { return -EINVAL; }},
      {"mremap failed after it had unmapped the window", is_remap, partial_remap(0, ENOMEM, true)},
      {"mremap failed after it had unmapped half of it", is_remap, [](const KernelCall& call) -> long {
         ::munmap(reinterpret_cast<char*>(call.arguments[4]) + huge_page_bytes / 4, huge_page_bytes / 2);
         return -ENOMEM;
       }}};
  for (const auto& failure : failures) {
    for (const std::size_t nth : {0, 1, 3}) {
      INFO(failure.what, ", call ", nth);
      MoverStage stage(8192, engine_options(EngineKind::Remap, 4000, false));
      fragment(stage, 1500);
      stage.heap.fill(6000, 512, TestHeap::Fill::Full);  // something to populate for
      const std::size_t before = stage.heap.vmas();
      stage.faulty.replace(failure.match, nth, FaultyKernel::for_ever, failure.act);
      heal_whole(stage, 4);
      CHECK(stage.heap.vmas() <= before + 4);
      check_heap(stage.heap);
    }
  }
}

TEST_CASE("healing leaves stretches alone that hold an inaccessible page") {
  SHUNT_NEEDS_REMAP();
  MoverStage stage(8192, engine_options(EngineKind::Remap, 4000, false));
  fragment(stage, 1500);
  const std::size_t guarded = stage.heap.pages() / 2 + 700;
  REQUIRE(::mprotect(pointer_to(stage.heap.page(guarded)), page_bytes, PROT_NONE) == 0);
  CHECK(heal_whole(stage, 4) > 0);
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  REQUIRE(reader.ok());
  const Result<std::optional<os::Vma>> vma = reader.value().at_or_after(stage.heap.page(guarded));
  REQUIRE((vma.ok() && vma.value()));
  CHECK_FALSE(vma.value()->readable);
  ::mprotect(pointer_to(stage.heap.page(guarded)), page_bytes, PROT_READ | PROT_WRITE);
  check_heap(stage.heap);
}

TEST_CASE("40,000 one-page runs by remap reach the kernel's own limit and all arrive") {
  SHUNT_NEEDS_REMAP();
  const Result<std::size_t> limit = os::vma_limit(os::SystemCalls::real());
  SHUNT_NEEDS((limit.ok() && limit.value() <= 70'000),
              "a VMA limit that 40,000 runs can reach (vm.max_map_count)");
  constexpr std::size_t runs = 40'000;
  MoverStage stage(4 * runs, engine_options(EngineKind::Remap, SIZE_MAX, false));
  // Every run leaves a border on both of its sides.
  std::vector<MoveSpan> spans;
  for (std::size_t i = 0; i < runs; ++i)
    spans.push_back(stage.heap.span(2 * (i * 7919 % runs), 2 * (runs + i), 1));
  fill_sources(stage.heap, spans);
  bool refused = false;
  stage.faulty.watch(
      [&](const KernelCall& call, long answer) { refused |= is_remap(call) && answer == -ENOMEM; });
  CHECK(all_moved(spans, stage.move_all(spans)));
  CHECK(refused);
  CHECK(stage.moved_by(MoverKind::PageCopy) > 0);
  check_heap(stage.heap);
}
