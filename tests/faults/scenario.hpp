// What a heap is put through while system calls fail: one body a scenario, run again and again, each time
// with other faults.
//
// A body builds its heap anew, arms the run where the trouble may begin, disarms it, and has everything
// checked that has to be true whatever the kernel answered. Deterministic for one seed, as far as the host's
// VMAs and the chooser's clock allow.
#pragma once

#include <cstdint>
#include <vector>

#include "compact/compaction_report.hpp"
#include "faults/fault_run.hpp"

namespace shunt::testing {

// What came of one run, for the figures and for the check that a scenario does what its name says.
struct Outcome {
  bool opened = true;              // false: open() said no, with an Error
  bool refused = false;            // compact() said no, with an Error
  std::uint64_t fell_back = 0;     // spans that page copy finished
  std::uint64_t stayed = 0;        // bytes that stayed where they were
  std::uint64_t moved = 0;         // bytes that an engine moved
  std::uint64_t moved_by_vma = 0;  // of these, by the per-VMA mover
  std::uint64_t crossings = 0;     // mremap calls over several VMAs while armed
  std::uint64_t healed = 0;
  std::uint64_t objects = 0;  // that were there when the trouble began
};

struct Scenario {
  const char* name;
  const char* (*missing)();  // the kernel feature that it needs and that is not there, or null
  Outcome (*body)(FaultRun&, std::uint64_t seed);
  // Of a run without faults: false means that the scenario does not reach what it is about.
  bool (*does_what_it_says)(const Outcome&);
  unsigned price = 1;  // a dear scenario gets so many times fewer points in the quick form
};

std::vector<Scenario> compaction_scenarios();
std::vector<Scenario> lifetime_scenarios();
std::vector<Scenario> fork_scenarios();

}  // namespace shunt::testing
