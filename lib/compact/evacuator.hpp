// The effects of a compaction on memory: moving runs, copying clusters, giving ranges back.
//
// The compactor decides when; an Evacuator does it. PageEvacuator, which every heap uses, moves through the
// page mover of the reservation. Benchmarks give their baselines (memset-copy, one mremap a run) the same
// plan by being another Evacuator, so that all sides of a comparison do the same work around the moving. Not
// thread-safe: called by the one thread that compacts, mutators stopped.
#pragma once

#include "move/page_mover.hpp"
#include "plan/mark_bitmap.hpp"
#include "plan/plan.hpp"

namespace shunt {

class Evacuator {
 public:
  // As PageMover::move(): outcomes say how far each run came.
  virtual void move_runs(const MoveBatch&, MoveReport&) = 0;
  // Gets the memory for objects that will be copied to `destination`. False: there is none, and what would
  // have been copied there stays where it is.
  virtual bool prepare_destination(AddressRange destination) = 0;
  // Copies the live bytes of the cluster at `source`, packed, to `to`. The destination is prepared. Returns
  // the bytes.
  virtual std::size_t copy_cluster(const MarkBitmap&, AddressRange source, Address to) = 0;
  // Gives the memory of a vacated or dead range back.
  virtual void release(AddressRange) = 0;

 protected:
  ~Evacuator() = default;
};

class PageEvacuator final : public Evacuator {
 public:
  PageEvacuator(const os::SystemCalls& kernel, PageMover& mover) : kernel_(kernel), mover_(mover) {}

  void move_runs(const MoveBatch& batch, MoveReport& report) override { mover_.move(batch, report); }
  bool prepare_destination(AddressRange destination) override;
  std::size_t copy_cluster(const MarkBitmap&, AddressRange source, Address to) override;
  void release(AddressRange) override;

 private:
  os::SystemCalls kernel_;
  PageMover& mover_;
};

}  // namespace shunt
