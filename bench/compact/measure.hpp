// Measures a cell: all contenders take turns, round by round, in one process, each with a fresh heap.
//
// Round r starts with another contender than round r - 1. The first round verifies every object; where the
// cell warms up, it is not counted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compact/contender.hpp"

namespace shunt::bench {

struct Measured {
  std::vector<Sample> rounds;  // that count; never empty
  std::uint64_t damaged = 0;   // objects, in the round that verified

  // Of every counted round, in order.
  std::vector<double> each(double (*value)(const Sample&)) const;
  double median_of(double (*value)(const Sample&)) const;
};
using MeasuredCell = std::map<std::string, Measured>;

MeasuredCell measure(const Cell&, const std::vector<std::string>& contenders);

}  // namespace shunt::bench
