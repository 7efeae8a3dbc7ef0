// Runs a scenario once to count its calls, then once for every call and answer, and with pairs of faults.
//
// Quick form: a sample of the points, drawn by the seed; full form (SHUNT_SOAK_SECONDS is set): all of them,
// then pairs until that many seconds are over. Prints one line of figures. Whatever goes wrong names
// scenario, call, errno and seed, and how to run exactly that again: SHUNT_FAULT=scenario/faults with
// SHUNT_TEST_SEED; so does a crash, and a run that does not end.
#pragma once

#include "faults/scenario.hpp"

namespace shunt::testing {

void sweep(const Scenario&);

// Whether SHUNT_FAULT asks for another scenario than this one.
bool is_left_out(const Scenario&);

}  // namespace shunt::testing
