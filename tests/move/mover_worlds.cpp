// Builds the worlds: which engine each needs, and what it may leave behind.
#include "move/mover_worlds.hpp"

#include <cstdio>
#include <cstdlib>

namespace shunt::testing {
namespace {

struct CopyWorld final : MoverWorld {
  using MoverWorld::MoverWorld;
  Mover& mover() override { return copy; }
  PageCopyMover copy{os::SystemCalls::real()};
};

struct UffdWorld final : MoverWorld {
  UffdWorld(std::size_t bytes, os::HugePageAdvice huge) : MoverWorld(bytes, huge) {
    if (!uffd.open(heap.range())) std::abort();
  }
  Mover& mover() override { return uffd; }
  UffdMover uffd{os::SystemCalls::real()};
};

struct RemapWorld final : MoverWorld {
  RemapWorld(std::size_t bytes, os::HugePageAdvice huge, MoverKind kind, const os::SystemCalls& kernel,
             unsigned flags)
      : MoverWorld(bytes, huge), remap(kernel, kind, budget, flags) {
    budget.open(kernel, heap.range(), 0);
  }
  Mover& mover() override { return remap; }
  std::size_t vmas_allowed(std::size_t before) const override {
    return remap.kind() == MoverKind::RelocateMremap ? before : budget.allowed();
  }
  VmaBudget budget;
  RemapMover remap;
};

struct SimulatedRelocateWorld final : MoverWorld {
  SimulatedRelocateWorld(std::size_t bytes, os::HugePageAdvice huge) : MoverWorld(bytes, huge) {}
  Mover& mover() override { return remap; }
  RelocatingKernel simulated;
  VmaBudget budget;
  RemapMover remap{simulated.gate(), MoverKind::RelocateMremap, budget, os::remap_relocate_anonymous};
};

// A PageMover is not a Mover: it stands before them.
struct Facade final : Mover {
  explicit Facade(PageMover& m) : pages(m) {}
  MoverKind kind() const override { return MoverKind::PageCopy; }
  void move(const MoveBatch& batch, MoveReport& report) override { pages.move(batch, report); }
  PageMover& pages;
};

PageMoverOptions options_for(std::optional<EngineKind> engine) {
  PageMoverOptions options;
  options.engine = engine;
  options.calibrate = false;
  return options;
}

struct PageMoverWorld final : MoverWorld {
  PageMoverWorld(std::size_t bytes, os::HugePageAdvice huge, std::optional<EngineKind> engine)
      : MoverWorld(bytes, huge), pages(os::SystemCalls::real(), heap.range(), options_for(engine)) {
    pages.open(host_capabilities());
  }
  Mover& mover() override { return facade; }
  std::size_t vmas_allowed(std::size_t before) const override {
    return pages.engine_kind() == EngineKind::Remap ? pages.vma_budget().allowed() : before;
  }
  PageMover pages;
  Facade facade{pages};
};

struct SimulatedPageMoverWorld final : MoverWorld {
  SimulatedPageMoverWorld(std::size_t bytes, os::HugePageAdvice huge)
      : MoverWorld(bytes, huge), pages(simulated.gate(), heap.range(), options_for(EngineKind::Relocate)) {
    simulated.set_refuses_userfaultfd(true);
    pages.open(os::probe_capabilities(simulated.gate()));
    const bool relocates = pages.engine() != nullptr && pages.engine()->kind() == MoverKind::RelocateMremap;
    if (!relocates)
      std::fprintf(stderr, "the probe did not find the simulated relocate flag\n"), std::abort();
  }
  Mover& mover() override { return facade; }
  RelocatingKernel simulated;
  PageMover pages;
  Facade facade{pages};
};

const char* nothing() { return nullptr; }
const char* missing_move() {
  return host_capabilities().works(os::Capability::UserfaultfdMove) ? nullptr : "UFFDIO_MOVE";
}
const char* missing_keep_source() { return host_can_remap() ? nullptr : "mremap with DONTUNMAP"; }
const char* missing_many() {
  const bool usable =
      missing_keep_source() == nullptr && host_capabilities().works(os::Capability::RemapManyKeepSource);
  return usable ? nullptr : "multi-VMA mremap";
}

}  // namespace

const os::Capabilities& host_capabilities() {
  static const os::Capabilities found = os::probe_capabilities(os::SystemCalls::real());
  return found;
}

bool host_can_remap() {
  return host_capabilities().works(os::Capability::RemapKeepSource) &&
         !host_capabilities().dontunmap_merge_is_unsafe;
}

WorldMaker uffd_world() {
  return {"UFFDIO_MOVE", missing_move, [](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<UffdWorld>(bytes, huge);
          }};
}

WorldMaker remap_world(MoverKind kind) {
  return {name_of(kind), kind == MoverKind::RemapMulti ? missing_many : missing_keep_source,
          [kind](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<RemapWorld>(bytes, huge, kind, os::SystemCalls::real(), 0u);
          }};
}

WorldMaker simulated_relocate_world() {
  return {"relocate-anon mremap, simulated kernel", nothing, [](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<SimulatedRelocateWorld>(bytes, huge);
          }};
}

WorldMaker page_copy_world() {
  return {"page copy", nothing, [](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<CopyWorld>(bytes, huge);
          }};
}

WorldMaker page_mover_world(std::optional<EngineKind> engine) {
  const auto missing = engine == EngineKind::Relocate ? missing_move
                       : engine == EngineKind::Remap  ? missing_keep_source
                                                      : nothing;
  return {engine ? engine_name(*engine) : "the chooser", missing,
          [engine](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<PageMoverWorld>(bytes, huge, engine);
          }};
}

WorldMaker simulated_page_mover_world() {
  return {"page mover, simulated relocate-anon kernel", nothing,
          [](std::size_t bytes, os::HugePageAdvice huge) {
            return std::make_unique<SimulatedPageMoverWorld>(bytes, huge);
          }};
}

}  // namespace shunt::testing
