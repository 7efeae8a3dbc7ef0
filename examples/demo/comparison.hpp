// The comparison at the worst point: finds it, then runs every side in interleaved rounds, so that what the
// machine does meanwhile hits all of them alike.
#pragma once

#include "options.hpp"
#include "results.hpp"

namespace shunt::demo {

struct Comparison {
  Results results;
  HeapMap before;  // shunt's heap in the last round
  HeapMap after;
};

// Throws Failure and trace::Error.
Comparison compare(const Options&, Progress&);

// The options with a heap that has a handle for every object of the trace that lives at once.
Options fitted_to(const Options&, const trace::Header&);

}  // namespace shunt::demo
