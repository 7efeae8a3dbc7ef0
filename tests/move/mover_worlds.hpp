// Every mover that this host can run, each in a world of its own: a heap, an engine opened for it, and what
// may be expected of it. The conformance test has one body and is run in each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "move/page_mover.hpp"
#include "support/simulated_kernel.hpp"
#include "support/test_heap.hpp"

namespace shunt::testing {

const os::Capabilities& host_capabilities();
bool host_can_remap();

class MoverWorld {
 public:
  MoverWorld(std::size_t bytes, os::HugePageAdvice huge) : heap(bytes, huge) {}
  virtual ~MoverWorld() = default;
  virtual Mover& mover() = 0;
  virtual std::size_t vmas_allowed(std::size_t before) const { return before; }

  // Moves and hands back the outcomes; they start at what `outcomes` says.
  MoveReport move(MoveBatch batch) {
    MoveReport report;
    mover().move(batch, report);
    return report;
  }

  TestHeap heap;
};

struct WorldMaker {
  std::string name;
  std::function<const char*()> missing;  // the kernel feature that it needs and that is not there, or null
  std::function<std::unique_ptr<MoverWorld>(std::size_t bytes, os::HugePageAdvice)> make;
};

WorldMaker uffd_world();
WorldMaker remap_world(MoverKind);  // RemapSingle or RemapMulti
WorldMaker simulated_relocate_world();
WorldMaker page_copy_world();
// The facade: `engine` empty lets the chooser decide; it then uses the best engine of the host.
WorldMaker page_mover_world(std::optional<EngineKind> engine);
WorldMaker simulated_page_mover_world();  // relocate by the simulated mremap flags, found by the probe

}  // namespace shunt::testing
