// The programs over the region table that are explored, by name: the correct table must survive each of them,
// and each mutant of its protocol must be found by one of them.
#pragma once

#include "region/exploration.hpp"

namespace shunt::testing {

struct Scenario {
  std::string name;
  RegionProgram program;
};

// exploration_claims.cpp
std::vector<Scenario> claim_scenarios();
// exploration_transitions.cpp
std::vector<Scenario> transition_scenarios();

}  // namespace shunt::testing
