// The baseline of every comparison: compaction by copying, in its most favourable form.
//
// The live bytes are copied into memory that is already faulted in, then memset at their old place, both
// warm. Nothing is given back to the kernel, so it pays for no release and its resident memory says so. Two
// ways of memset: LiveBytes clears only what was copied, which leaves dead bytes behind that whoever
// allocates there has to clear; WholeSource clears all that was vacated, so that the region reads as zeros,
// as after Shunt's release. Faulting the destination in is done when the compactor first names it, timed, and
// left out: whoever reports a time subtracts excluded_nanoseconds(). That is at least as good to the baseline
// as faulting in before the clock starts, for the fresh pages are still in the cache when the copy arrives.
// Any plan will do: page runs are copied whole. Not thread-safe, as every
// Evacuator.
#pragma once

#include "compact/evacuator.hpp"

namespace shunt::baselines {

class MemsetCopy final : public Evacuator {
 public:
  enum class Zeroing { LiveBytes, WholeSource };

  MemsetCopy(const os::SystemCalls& kernel, Zeroing zeroing) : kernel_(kernel), zeroing_(zeroing) {}

  void move_runs(const MoveBatch&, MoveReport&) override;
  bool prepare_destination(AddressRange destination) override;
  std::size_t copy_cluster(const MarkBitmap&, AddressRange source, Address to) override;
  void release(AddressRange) override;

  // What faulting destinations in, and asking which vacated pages are in memory, has taken so far.
  std::uint64_t excluded_nanoseconds() const { return excluded_nanoseconds_; }

 private:
  os::SystemCalls kernel_;
  Zeroing zeroing_;
  std::uint64_t excluded_nanoseconds_ = 0;
};

}  // namespace shunt::baselines
