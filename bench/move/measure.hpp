// Measures a cell: all contenders take turns, round by round, in one process.
//
// Round r starts with another contender than round r - 1, so that none always follows the same neighbour. The
// first round warms up and is not counted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "move/cell.hpp"
#include "os/capabilities.hpp"

namespace shunt::bench {

struct Samples {
  std::vector<double> nanoseconds;  // of the whole cell, one a round
  std::size_t vmas_added = 0;       // the most of any round
  std::size_t failed_calls = 0;
};
using Measured = std::map<std::string, Samples>;

Measured measure(const Cell&, const std::vector<std::string>& contenders, unsigned rounds,
                 const os::Capabilities&);

// What a contender's time is over that of the better of the two it chooses between, each for the whole cell
// and under the same destination state. 0 for contenders that do not choose.
double regret_of(const std::string& name, const Measured&);

}  // namespace shunt::bench
