// The compactor: stop-the-world compaction of one heap, from facts to freed regions.
//
//   gather facts -> claim destinations -> plan -> Selected -> Forwarding -> move runs, copy clusters
//   (journal)
//   -> publish forwarding -> verify -> fix slots -> Quarantined -> Free, or back to Live where something
//   stayed
//
// Keeps true: nothing changes before the plan stands; a cluster is wholly at its old or its new place and
// forwarding says which; a failing call leaves a cluster where it is (invariant 6), and its region goes back
// to Live; regions become Free only after all slots were fixed (invariant 3); nothing is written while
// mutators run (invariant 7). Not thread-safe: mutators are stopped, one thread compacts. Memory for the plan
// is mapped for its time only.
#pragma once

#include "base/result.hpp"
#include "compact/compaction_input.hpp"
#include "compact/compaction_report.hpp"
#include "compact/evacuator.hpp"
#include "region/region_space.hpp"

namespace shunt {

class Compactor {
 public:
  Compactor(const os::SystemCalls& kernel, RegionSpace& regions, Evacuator& evacuator, const CostModel& costs)
      : kernel_(kernel), regions_(regions), evacuator_(evacuator), costs_(costs) {}

  // All regions in use are Live (retired) when it is called. Errors: no memory for the plan or the digests;
  // nothing has changed then. O(heap used) for facts and plan, then what the plan costs.
  Result<CompactionReport> compact(const CompactionInput&);

 private:
  os::SystemCalls kernel_;
  RegionSpace& regions_;
  Evacuator& evacuator_;
  CostModel costs_;
};

}  // namespace shunt
