// What C++20's memory model allows small straight-line programs to end in, from its axioms: an oracle that
// shares nothing with the explorer.
//
// Enumerates every choice of which store each load reads and in which order each location's stores come, and
// keeps those that RC11 (Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing sequential consistency in C/C++11",
// PLDI 2017, with C++20's release sequences) calls consistent. Exponential; for up to 16 events.
#pragma once

#include "support/explorer/outcomes.hpp"

namespace shunt::testing {

struct Instruction {
  StepKind kind = StepKind::Load;  // Load, Store, Exchange or Fence
  unsigned location = 0;
  unsigned value = 0;  // stored: another one for each instruction, not 0
  std::memory_order order = std::memory_order_relaxed;
};
using Instructions = std::vector<std::vector<Instruction>>;  // of each thread

std::string text_of(const Instructions&);

// The values that loads and exchanges read, in program order, thread by thread; then each location's last
// value.
Outcomes outcomes_by_axioms(const Instructions&, unsigned locations);

}  // namespace shunt::testing
