// Which engine a reservation gets, and the relocate-anon flags of mremap, which no kernel has: found by the
// probe through their effect, used end to end, and not used where they only seem to work. (All simulated
// kernels.)
#include <cerrno>

#include "move/mover_stage.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

MoverKind kind_of_engine(const PageMover& pages) {
  const Mover* engine = const_cast<PageMover&>(pages).engine();
  return engine != nullptr ? engine->kind() : MoverKind::PageCopy;
}

MoverKind opened_with(const os::SystemCalls& kernel, const os::Capabilities& found,
                      std::optional<EngineKind> wanted = std::nullopt) {
  TestHeap heap(1 << 20);
  PageMover pages(kernel, heap.range(), engine_options(wanted));
  pages.open(found);
  return kind_of_engine(pages);
}

bool is_remapping(MoverKind kind) { return kind == MoverKind::RemapMulti || kind == MoverKind::RemapSingle; }

}  // namespace

TEST_CASE("a kernel whose mremap relocates (simulated) is found out by the probe and used") {
  RelocatingKernel simulated;
  simulated.set_refuses_userfaultfd(true);
  const os::Capabilities found = os::probe_capabilities(simulated.gate());
  SHUNT_NEEDS(found.works(os::Capability::SmallPages), "base pages of 4 KiB");
  CHECK(found.works(os::Capability::RelocateAnonymous));
  CHECK(found.relocate_flags == (os::remap_relocate_anonymous | os::remap_must_relocate_anonymous));
  CHECK(found.best_engine() == EngineKind::Relocate);
  CHECK(opened_with(simulated.gate(), found) == MoverKind::RelocateMremap);
}

TEST_CASE("the relocate flags accepted and ignored (simulated) are not used") {
  RelocatingKernel simulated;
  simulated.set_refuses_userfaultfd(true);
  simulated.set_honest(false);
  const os::Capabilities found = os::probe_capabilities(simulated.gate());
  CHECK_FALSE(found.works(os::Capability::RelocateAnonymous));
  CHECK(found.relocate_flags == 0);
  CHECK(opened_with(simulated.gate(), found) != MoverKind::RelocateMremap);
}

TEST_CASE("relocate flags that do not go with DONTUNMAP (simulated): whatever is used, every page arrives") {
  RelocatingKernel simulated;
  simulated.set_refuses_userfaultfd(true);
  simulated.set_keeps_source(false);
  TestHeap heap(1 << 20);
  PageMover pages(simulated.gate(), heap.range(), engine_options(EngineKind::Relocate));
  pages.open(os::probe_capabilities(simulated.gate()));
  heap.fill(0, 20, TestHeap::Fill::Full);
  const MoveSpan span = heap.span(0, 100, 20);
  SpanOutcome outcome;
  MoveReport report;
  pages.move({{&span, 1}, {&outcome, 1}}, report);
  CHECK(outcome.bytes_moved == span.bytes);
  heap.expect_moved(span, 0, span.bytes);
  check_heap(heap);
}

TEST_CASE("relocation by mremap (simulated kernel) makes no VMA, however many runs") {
  const auto world = simulated_page_mover_world().make(16 << 20, os::HugePageAdvice::Never);
  std::vector<MoveSpan> spans;
  for (std::size_t i = 0; i < 500; ++i) {
    world->heap.fill(2 * (i * 7 % 500), 1, TestHeap::Fill::Sparse);
    spans.push_back(world->heap.span(2 * (i * 7 % 500), 2048 + 2 * i, 1));
  }
  std::vector<SpanOutcome> outcomes(spans.size());
  const std::size_t before = world->heap.vmas();
  const MoveReport report = world->move({spans, outcomes});
  world->heap.expect_moved(spans, outcomes);
  CHECK(all_moved(spans, outcomes));
  CHECK(report.of(MoverKind::RelocateMremap).bytes == 500 * page_bytes);
  CHECK(world->heap.vmas() == before);
  check_heap(world->heap);
}

TEST_CASE(
    "the engine asked for is opened where the host has it, else the best one; refused at the last moment, "
    "the next") {
  const os::Capabilities& host = host_capabilities();
  const os::SystemCalls real = os::SystemCalls::real();
  CHECK(opened_with(real, host, EngineKind::Copy) == MoverKind::PageCopy);
  if (host_can_remap()) CHECK(is_remapping(opened_with(real, host, EngineKind::Remap)));
  SHUNT_NEEDS_UFFD_MOVE();
  CHECK(opened_with(real, host, EngineKind::Relocate) == MoverKind::RelocateUserfaultfd);
  CHECK(opened_with(real, host) == MoverKind::RelocateUserfaultfd);
  FaultyKernel faulty;
  faulty.fail(is_open_userfaultfd, 0, FaultyKernel::for_ever, EPERM);
  const MoverKind next = opened_with(faulty.gate(), host);
  CHECK((host_can_remap() ? is_remapping(next) : next == MoverKind::PageCopy));
}

TEST_CASE("where DONTUNMAP may corrupt the kernel's memory no remapping engine is opened") {
  os::Capabilities found = host_capabilities();
  found.dontunmap_merge_is_unsafe = true;
  CHECK_FALSE(is_remapping(opened_with(os::SystemCalls::real(), found, EngineKind::Remap)));
  found.relocate_flags = os::remap_relocate_anonymous;
  found[os::Capability::UserfaultfdMove] = {};
  found[os::Capability::RelocateAnonymous].state = os::CapabilityState::Works;
  CHECK(opened_with(os::SystemCalls::real(), found, EngineKind::Relocate) == MoverKind::PageCopy);
}
