// Sides of a comparison that take turns in one process, each on as many threads as it wants.
//
// A turn runs the same work on every thread of a side and is timed from the first that starts to the last
// that ends, or by the CPU time of its threads. Each round takes the sides in another random order. How many
// operations make a turn of the wanted length is found out for each side before the first round. Threads are
// spread over the CPUs; more threads than CPUs are oversubscribed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace shunt::bench {

struct Side {
  std::string name;
  unsigned threads = 1;
  // Does that many operations as the given thread of the side (0 to threads - 1).
  std::function<void(unsigned thread, std::uint64_t operations)> work;
};

// Wall: threads that wait for each other pay for the waiting, and for whatever else the machine does. Cpu:
// for work that never waits, which a thread alone does not in any case; other programs then disturb only
// through caches and clocks.
enum class Clock : std::uint8_t { Wall, Cpu };

struct TurnLength {
  unsigned rounds = 11;      // that count; one before warms up
  double nanoseconds = 8e6;  // of a turn
  Clock clock = Clock::Wall;
};

// Nanoseconds of one CPU for each operation, round by round: CPU time, or elapsed time x CPUs that the side's
// threads can keep busy, over operations. A side that scales perfectly has the same figure for any number of
// threads.
using Samples = std::map<std::string, std::vector<double>>;

Samples take_turns(const std::vector<Side>&, const TurnLength&);

}  // namespace shunt::bench
