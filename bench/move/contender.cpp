// The sides of a cell: each moves the same runs its own way.
#include "move/contender.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include "move/field.hpp"
#include "move/page_contents.hpp"
#include "move/page_copy.hpp"
#include "move/page_mover.hpp"
#include "move/remap_mover.hpp"
#include "move/uffd_mover.hpp"
#include "os/memory.hpp"

namespace shunt::bench {
namespace {

class WithField : public Contender {
 public:
  WithField(const char* name, const Cell& cell, bool warm) : field_(cell), name_(name), warm_(warm) {}
  const char* name() const override { return name_; }
  void prepare(std::uint64_t round) override {
    field_.prepare(round, warm_);
    vmas_before_ = field_.count_vmas();
  }
  std::size_t finish() override {
    const std::size_t vmas = field_.count_vmas();
    field_.check();
    field_.clear();
    return vmas > vmas_before_ ? vmas - vmas_before_ : 0;
  }

 protected:
  MoveBatch batch() {
    MoveBatch batch{field_.spans(), field_.outcomes()};
    batch.running_threads = field_.cell().mutator_runs ? 1 : 0;
    // A heap that keeps a warm to-space empties whole regions and gives those back itself, in one piece.
    batch.destination_warm = warm_;
    batch.release_sources = !warm_;
    return batch;
  }
  void release_region() {
    if (warm_) release_range(kernel_, field_.sources());
  }

  os::SystemCalls kernel_ = os::SystemCalls::real();
  Field field_;

 private:
  const char* name_;
  bool warm_;
  std::size_t vmas_before_ = 0;
};

// memset-copy, the strongest form that a copying collector has: run by run, the vacated run cleared while it
// is in the cache. It gives no memory back.
class MemsetCopy final : public WithField {
 public:
  MemsetCopy(const char* name, const Cell& cell, bool warm, bool clear)
      : WithField(name, cell, warm), clear_(clear) {}
  void run() override {
    for (const MoveSpan& span : field_.spans()) {
      std::memcpy(pointer_to(span.to), pointer_to(span.from), span.bytes);
      if (clear_) std::memset(pointer_to(span.from), 0, span.bytes);
    }
  }

 private:
  bool clear_;
};

// UFFDIO_MOVE or page copy alone, for the whole cell.
class Single final : public WithField {
 public:
  Single(const char* name, const Cell& cell, bool warm, bool engine) : WithField(name, cell, warm) {
    if (!engine) return;
    uffd_.emplace(kernel_);
    if (!uffd_->open(field_.range()).ok()) std::abort();
  }
  void run() override {
    Mover& mover = uffd_ ? static_cast<Mover&>(*uffd_) : copy_;
    mover.move(batch(), report_);
    release_region();
  }

 private:
  std::optional<UffdMover> uffd_{};
  PageCopyMover copy_{kernel_};
  MoveReport report_{};
};

// The remapping engines leave VMAs behind: each round starts in a fresh reservation.
class Remap final : public WithField {
 public:
  Remap(const char* name, const Cell& cell, MoverKind kind) : WithField(name, cell, false), kind_(kind) {}
  void prepare(std::uint64_t round) override {
    field_.remake();
    WithField::prepare(round);
    budget_.open(kernel_, field_.range(), 0);
    mover_.emplace(kernel_, kind_, budget_);
  }
  void run() override {
    mover_->move(batch(), report_);
    // Beyond the budget page copy takes over, as in a heap.
    copy_.move(batch(), report_);
  }

 private:
  MoverKind kind_;
  VmaBudget budget_{};
  std::optional<RemapMover> mover_{};
  PageCopyMover copy_{kernel_};
  MoveReport report_{};
};

// What a user gets: PageMover with no forced engine. `recycle`: the vacated region stays as it is, to be the
// warm to-space of the next evacuation, so that nothing is given back yet, as with memset-copy.
class Chosen final : public WithField {
 public:
  Chosen(const char* name, const Cell& cell, bool warm, bool recycle, const os::Capabilities& capabilities)
      : WithField(name, cell, warm), mover_(kernel_, field_.range(), {}), recycle_(recycle) {
    mover_.open(capabilities);
  }
  void run() override {
    mover_.move(batch(), report_);
    if (!recycle_) release_region();
  }

 private:
  PageMover mover_;
  bool recycle_;
  MoveReport report_{};
};

// The naive way: one plain mremap a run, memcpy where the kernel refuses for want of VMAs.
class MremapPerRun final : public WithField {
 public:
  MremapPerRun(const char* name, const Cell& cell) : WithField(name, cell, false) {}
  void prepare(std::uint64_t round) override {
    field_.remake();
    WithField::prepare(round);
  }
  void run() override {
    failed_ = 0;
    for (const MoveSpan& span : field_.spans()) {
      if (!os::failed(os::remap(kernel_, span.from, span.to, span.bytes, 0))) continue;
      ++failed_;
      std::memcpy(pointer_to(span.to), pointer_to(span.from), span.bytes);
    }
  }
  std::size_t failed_calls() const override { return failed_; }

 private:
  std::size_t failed_ = 0;
};

bool has_userfaultfd(const os::Capabilities& c) { return c.works(os::Capability::UserfaultfdMove); }

}  // namespace

std::vector<std::string> contender_names(const os::Capabilities& c) {
  std::vector<std::string> names{memset_copy_warm, memset_copy_cold, memcpy_only, page_copy, page_copy_warm};
  if (has_userfaultfd(c)) names.insert(names.end(), {uffdio_move, uffdio_move_warm});
  if (c.works(os::Capability::RemapManyKeepSource)) names.push_back(mremap_multi);
  if (c.works(os::Capability::RemapKeepSource)) names.push_back(mremap_single);
  names.insert(names.end(), {chooser, chooser_warm, chooser_recycle});
  return names;
}

std::unique_ptr<Contender> make_contender(const std::string& name, const Cell& cell,
                                          const os::Capabilities& c) {
  if (name == memset_copy_warm) return std::make_unique<MemsetCopy>(memset_copy_warm, cell, true, true);
  if (name == memset_copy_cold) return std::make_unique<MemsetCopy>(memset_copy_cold, cell, false, true);
  if (name == memcpy_only) return std::make_unique<MemsetCopy>(memcpy_only, cell, true, false);
  if (name == uffdio_move) return std::make_unique<Single>(uffdio_move, cell, false, true);
  if (name == uffdio_move_warm) return std::make_unique<Single>(uffdio_move_warm, cell, true, true);
  if (name == page_copy) return std::make_unique<Single>(page_copy, cell, false, false);
  if (name == page_copy_warm) return std::make_unique<Single>(page_copy_warm, cell, true, false);
  if (name == mremap_multi) return std::make_unique<Remap>(mremap_multi, cell, MoverKind::RemapMulti);
  if (name == mremap_single) return std::make_unique<Remap>(mremap_single, cell, MoverKind::RemapSingle);
  if (name == chooser) return std::make_unique<Chosen>(chooser, cell, false, false, c);
  if (name == chooser_warm) return std::make_unique<Chosen>(chooser_warm, cell, true, false, c);
  if (name == chooser_recycle) return std::make_unique<Chosen>(chooser_recycle, cell, true, true, c);
  if (name == mremap_per_run) return std::make_unique<MremapPerRun>(mremap_per_run, cell);
  std::fprintf(stderr, "move-bench: no contender is called %s\n", name.c_str());
  std::abort();
}

}  // namespace shunt::bench
