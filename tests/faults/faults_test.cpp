// Every system call fails, everywhere: whatever the kernel answers, at every point, each object is whole and
// where its handle says, no region, mapping or descriptor is lost, and the heap goes on working.
//
// SHUNT_SOAK_SECONDS=n tries all points and pairs for n seconds a scenario; SHUNT_FAULT=scenario/faults one
// point alone, as a failure prints it.
#include <algorithm>

#include "faults/sweep.hpp"
#include "support/check.hpp"

using namespace shunt::testing;

namespace {

void sweep_one(const std::vector<Scenario>& scenarios, const char* name) {
  for (const Scenario& scenario : scenarios) {
    if (std::string_view(scenario.name) != name || is_left_out(scenario)) continue;
    const char* missing = scenario.missing();
    SHUNT_NEEDS(missing == nullptr, missing);
    return sweep(scenario);
  }
}

}  // namespace

TEST_CASE("SHUNT_FAULT, where it is set, names a scenario") {
  std::size_t meant = 0;
  for (const auto& scenarios : {compaction_scenarios(), lifetime_scenarios(), fork_scenarios()}) {
    meant += static_cast<std::size_t>(
        std::ranges::count_if(scenarios, [](const Scenario& s) { return !is_left_out(s); }));
  }
  CHECK(meant != 0);
}

TEST_CASE("faults in a compaction by UFFDIO_MOVE") {
  sweep_one(compaction_scenarios(), "compaction-relocate");
}
TEST_CASE("faults in a compaction by multi-VMA mremap") {
  sweep_one(compaction_scenarios(), "compaction-remap-multi-vma");
}
TEST_CASE("faults in a compaction by per-VMA mremap, as kernels before 6.17 have it") {
  sweep_one(compaction_scenarios(), "compaction-remap-per-vma");
}
TEST_CASE("faults in a compaction by page copy") { sweep_one(compaction_scenarios(), "compaction-copy"); }
TEST_CASE("faults in a compaction of which the chooser decides") {
  sweep_one(compaction_scenarios(), "compaction-chooser");
}
TEST_CASE("faults while a large object is relocated") {
  sweep_one(compaction_scenarios(), "large-object-relocate");
}
TEST_CASE("faults while a large object is remapped") {
  sweep_one(compaction_scenarios(), "large-object-remap");
}
TEST_CASE("faults in healing") { sweep_one(compaction_scenarios(), "healing"); }
TEST_CASE("faults in opening a heap") { sweep_one(lifetime_scenarios(), "opening"); }
TEST_CASE("faults in opening a heap that remaps") { sweep_one(lifetime_scenarios(), "opening-to-remap"); }
TEST_CASE("faults in opening a heap with calibration") {
  sweep_one(lifetime_scenarios(), "opening-calibrated");
}
TEST_CASE("faults in closing a heap") { sweep_one(lifetime_scenarios(), "closing"); }
TEST_CASE("faults in allocation to the limit") { sweep_one(lifetime_scenarios(), "allocation-to-the-limit"); }
TEST_CASE("faults in releasing") { sweep_one(lifetime_scenarios(), "release"); }
TEST_CASE("faults in a child of fork that relocates") { sweep_one(fork_scenarios(), "fork-child-relocates"); }
TEST_CASE("faults in a child of fork that remaps") { sweep_one(fork_scenarios(), "fork-child-remaps"); }
TEST_CASE("faults in a parent that relocates while its child lives") {
  sweep_one(fork_scenarios(), "fork-parent-relocates");
}
