// What the demo found, as values: the rounds of each side, and what they are rounds of. Table, JSON and the
// picture's captions are made from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contenders.hpp"
#include "trace_format.hpp"
#include "worst_point.hpp"

namespace shunt::demo {

struct Run {
  std::string name;
  std::vector<Round> rounds;

  // By time; of an even number the faster of the two in the middle. There is at least one round.
  const Round& median() const;
  double seconds() const { return static_cast<double>(median().nanoseconds) / 1e9; }
};

struct Results {
  std::string trace;       // the file
  trace::Header recorded;  // what is in it
  std::string kernel;      // of this host
  std::string engine;      // that shunt's heap got
  Search search;
  std::uint64_t every = 0;  // not 0: no comparison, one run that compacted every so many operations
  std::vector<Run> runs;
  std::vector<std::string> notes;  // what the reader of the table should know, a line each

  // One heap's worth of objects; verified: in the round where the fewest were.
  std::uint64_t objects_total() const;
  std::uint64_t objects_verified() const;
  bool all_verified() const;
  // The memset-copy run's median over this run's; 0 where there is no such run.
  double ratio_vs_memset_copy(const Run&) const;
};

// sysname, release and machine of this host.
std::string kernel_name();

}  // namespace shunt::demo
