// The obvious way to move pages: one mremap(MREMAP_FIXED | MREMAP_DONTUNMAP) for every page run, and nothing
// else: no joining of neighbours, no VMA budget, no healing. What mremap refuses is copied and counted; most
// of all ENOMEM, when the process has as many VMAs as vm.max_map_count lets it have.
//
// Objects that are copied, and what is released, are as in Shunt's own evacuator. The heap must not be
// registered with userfaultfd (open it with EngineKind::Remap or Copy), and on kernels where DONTUNMAP is not
// safe or not there (usable() says) the baseline must not run. Not thread-safe, as every Evacuator.
#pragma once

#include "compact/evacuator.hpp"
#include "os/capabilities.hpp"

namespace shunt::baselines {

class MremapPerRun final : public Evacuator {
 public:
  // `mover` is the heap's own page mover; it is not asked to move anything.
  MremapPerRun(const os::SystemCalls& kernel, PageMover& mover) : kernel_(kernel), pages_(kernel, mover) {}

  static bool usable(const os::Capabilities& capabilities) {
    return capabilities.works(os::Capability::RemapKeepSource) && !capabilities.dontunmap_merge_is_unsafe;
  }

  void move_runs(const MoveBatch&, MoveReport&) override;
  bool prepare_destination(AddressRange destination) override {
    return pages_.prepare_destination(destination);
  }
  std::size_t copy_cluster(const MarkBitmap& marks, AddressRange source, Address to) override {
    return pages_.copy_cluster(marks, source, to);
  }
  void release(AddressRange range) override { pages_.release(range); }

  std::uint64_t runs_refused() const { return runs_refused_; }

 private:
  void copy_instead(const MoveSpan&, SpanOutcome&, int code, MoveReport&);

  os::SystemCalls kernel_;
  PageEvacuator pages_;
  std::uint64_t runs_refused_ = 0;
};

}  // namespace shunt::baselines
