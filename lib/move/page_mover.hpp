// The page mover of one reservation: its engine, page copy behind it, and the chooser between them.
//
// One engine for the reservation's whole life, because mremap inside a userfaultfd-registered VMA drops the
// registration and leaves borders that UFFDIO_MOVE cannot cross: relocate (UFFDIO_MOVE, or mremap's relocate
// flag where a kernel is seen to honour it), remap (multi-VMA mremap, per-VMA on older kernels) or copy
// alone. move() keeps the contract of mover.hpp, and finishes by page copy whatever the engine could not do
// and a copy may. Nothing tells a pinned page before it is moved: whoever has pages that a device or the
// kernel writes to names the engine in the options, so that none is copied first, and turns healing off. Not
// thread-safe: one thread moves, the owners of the pages parked. Several PageMovers live side by side.
#pragma once

#include <cstddef>
#include <optional>

#include "base/engine_kind.hpp"
#include "move/chooser.hpp"
#include "move/healing.hpp"
#include "move/mover.hpp"
#include "move/page_copy.hpp"
#include "move/remap_mover.hpp"
#include "move/uffd_mover.hpp"
#include "os/capabilities.hpp"

namespace shunt {

struct PageMoverOptions {
  // Empty: the best engine that the host has, and the chooser decides run by run. Given: that engine (or the
  // next that the host supports), for every run that it can move.
  std::optional<EngineKind> engine{};
  std::size_t vma_budget = 0;  // VMAs that the reservation may consist of; 0: half of what is free
  bool heal = true;        // rewrite fragmented stretches when the budget runs short; not for pinned pages
  HealingAdvice advice{};  // what the reservation was advised, for the stretches that are mapped anew
  bool calibrate = true;   // measure the cost model on this host (a few ms) instead of the defaults
};

class PageMover {
 public:
  // `reservation` is private anonymous memory that holds nothing yet; it must outlive the mover.
  PageMover(const os::SystemCalls&, AddressRange reservation, const PageMoverOptions&);
  PageMover(const PageMover&) = delete;
  PageMover& operator=(const PageMover&) = delete;

  // Opens the engine. Call once, before anything else. Never fails for want of an engine: the next one down
  // serves, page copy at the last. A few milliseconds with calibration, else tens of microseconds.
  void open(const os::Capabilities&);

  // Moves all spans as far as may be; outcomes start at what they say. The report is added to. A span that
  // cannot be one (not of whole pages, not inside the reservation, onto itself, an outcome beyond its end) is
  // not touched and answers BadSpan. That spans do not overlap each other is the caller's to keep: it is
  // checked at check level deep only.
  void move(const MoveBatch&, MoveReport&);

  EngineKind engine_kind() const { return engine_kind_; }
  // The engine alone, null for copy: for tests and benchmarks that compare.
  Mover* engine() { return engine_; }
  PageCopyMover& page_copy() { return copy_; }
  const Chooser& chooser() const { return chooser_; }
  const VmaBudget& vma_budget() const { return budget_; }
  AddressRange reservation() const { return reservation_; }

 private:
  bool open_engine(const os::Capabilities&, EngineKind);
  CostModel calibrate_engine();
  bool is_sound(const MoveSpan&, const SpanOutcome&) const;
  void move_slice(const MoveBatch&, MoveReport&);
  void send(Way, const MoveBatch&, const Chooser::Conditions&, MoveReport&);
  bool engine_available(MoveReport&);
  void heal_if_short(MoveReport&);
  // Returns the nanoseconds it took, which the report counts too.
  double move_by(Mover&, const MoveBatch&, MoveReport&);
  void finish_by_copy(const MoveBatch&, MoveReport&);
  void finish_span_by_copy(const MoveBatch& one_span, VmaLookup&, MoveReport&);

  os::SystemCalls kernel_;
  AddressRange reservation_;
  PageMoverOptions options_;
  VmaBudget budget_{};
  UffdMover uffd_;
  std::optional<RemapMover> remap_{};
  PageCopyMover copy_;
  Mover* engine_ = nullptr;
  EngineKind engine_kind_ = EngineKind::Copy;
  unsigned relocate_flags_ = 0;
  std::size_t heal_again_at_ = 0;  // VMAs in use from which on healing is worth another try
  Chooser chooser_{};
};

}  // namespace shunt
