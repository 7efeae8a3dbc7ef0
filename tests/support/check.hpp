// What every test file includes: doctest, skipping by the name of a missing kernel feature, and seeds.
//
// SHUNT_NEEDS(condition, "UFFDIO_MOVE: EPERM") leaves the test case, counted as skipped, naming what is
// missing. test_seed() is random per run, printed at the start, and taken from SHUNT_TEST_SEED when that is
// set.
#pragma once

#include <cstdint>
#include <string>

#include "doctest/doctest.h"

namespace shunt::testing {

void record_skip(const char* missing_feature);
std::uint64_t test_seed();

}  // namespace shunt::testing

#define SHUNT_NEEDS(condition, missing_feature)                            \
  do {                                                                     \
    if (!(condition)) {                                                    \
      ::shunt::testing::record_skip(std::string(missing_feature).c_str()); \
      return;                                                              \
    }                                                                      \
  } while (false)
