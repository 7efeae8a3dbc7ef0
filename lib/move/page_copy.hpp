// Page copy: memcpy and release. Works everywhere, and stands behind every engine.
//
// Into an empty destination it copies group by group: what a source holds as zeros stays a hole, the pages of
// a group get their memory from one MADV_POPULATE_WRITE, also when they come from many spans. Into a warm one
// it streams. Vacated sources are given back together, at most a few MiB later, so that little is in memory
// twice. Does not move pinned pages correctly (no copy can): the chooser keeps those away from it.
#pragma once

#include "move/mover.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class ReleaseQueue;

class PageCopyMover final : public Mover {
 public:
  explicit PageCopyMover(const os::SystemCalls& kernel) : kernel_(kernel) {}

  MoverKind kind() const override { return MoverKind::PageCopy; }
  void move(const MoveBatch&, MoveReport&) override;

  // The most that gets its destination pages together: what a second-level cache likes (copy_group.hpp).
  static constexpr std::size_t chunk_bytes = std::size_t{512} << 10;

 private:
  void move_to_warm(const MoveBatch&, ReleaseQueue&, MoverCounts&);
  void move_to_empty(const MoveBatch&, ReleaseQueue&, MoverCounts&);

  os::SystemCalls kernel_;
  bool vectors_work_ = true;  // until the kernel refuses
};

}  // namespace shunt
