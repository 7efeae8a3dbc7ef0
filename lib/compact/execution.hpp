// Executes a plan: runs by page, clusters by copying, each through the evacuator, each in the journal.
//
// After it, every cluster of the plan is wholly at its old or its new place and the forwarding table says
// which. What a mover left in the middle of a cluster is brought back to the cluster's start, also out of the
// runs before, where the cluster lies in several; the rest of the run goes on behind it. Sources are given
// back as soon as nothing live is in them, so that a full heap needs no spare memory for moves and at most
// one region's for copies. Not thread-safe. Makes no decision: what goes where is the plan's.
#pragma once

#include <utility>

#include "compact/compaction_input.hpp"
#include "compact/compaction_report.hpp"
#include "compact/evacuator.hpp"
#include "compact/journal.hpp"
#include "plan/forwarding.hpp"

namespace shunt {

class Execution {
 public:
  // `arena` must have memory_bytes(plan) left. `left_slots`: one flag a selected region, given zeroed; set
  // where something stayed.
  Execution(const Plan&, const CompactionInput&, Evacuator&, ForwardingTable&, CompactionReport&);
  Result<void> prepare(Arena&);
  static std::size_t memory_bytes(const Plan&);

  void move_runs();
  void copy_clusters();

  // Time spent in giving sources back since the last call; part of no other phase.
  std::uint64_t take_releasing_nanoseconds() { return std::exchange(releasing_nanoseconds_, 0); }

  // True where something of the region stayed: it goes back to Live.
  bool is_left(std::uint32_t slot) const { return left_[slot] != 0; }
  // True where the live page stays at its old place. `page` counts within the slot's region.
  bool page_stays(std::uint32_t slot, std::uint32_t page) const;

 private:
  void move_slice(std::size_t first, std::size_t count);
  void settle(std::size_t run, SpanOutcome outcome);
  bool is_tied(Address page) const;
  bool continues_cluster(std::size_t run) const;
  void take_back_from_runs_before(std::size_t run);
  Address end_in_runs_behind(std::size_t run) const;
  std::size_t leave_cluster_at(std::size_t run, std::size_t offset);
  std::size_t move_rest(const PageRun&, std::size_t offset);
  void bring_back(MoveSpan moved);
  void mark_left(AddressRange pages);
  void give_back_destination(Address first, Address end);
  void copy_region(std::size_t first, std::size_t last);
  void release_emptied(std::uint32_t slots_before);
  void release_slot(std::uint32_t slot);
  void release_vacated(std::uint32_t slot);
  std::uint32_t page_in_region(Address a) const;

  const Plan& plan_;
  const CompactionInput& input_;
  Evacuator& evacuator_;
  ForwardingTable& forwarding_;
  CompactionReport& report_;
  Journal journal_{};
  std::span<MoveSpan> spans_{};
  std::span<SpanOutcome> outcomes_{};
  std::span<std::uint8_t> left_{};
  std::uint64_t releasing_nanoseconds_ = 0;
  Address left_until_ =
      Address::null;  // a cluster that stays ends here, maybe in runs that are not settled yet
  std::uint32_t released_slots_ = 0;  // slots below it were looked at for release after their runs
};

}  // namespace shunt
