// A cell of the `region` benchmarks: sides that take turns on the same data, and the counters of each.
//
// The names of the sides are known before any data exists, because benchmarks are registered by name; open()
// makes the data when the first of them runs. A cell is measured once, as a whole; each benchmark then
// reports its own part.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/turns.hpp"

namespace shunt::bench {

using Counters = std::map<std::string, double>;

struct OpenCell {
  std::vector<Side> sides;  // they keep alive what they work on
  // What to report of a side beside its time.
  std::function<Counters(const std::string& side, const Samples&)> count;
  // After the last turn: gives up if what was measured did not do its work. May be empty.
  std::function<void()> check{};
};

struct Cell {
  std::string name;                // "lookup/regions:32768"
  std::vector<std::string> sides;  // that are reported: "threads:2/array"
  std::function<OpenCell()> open;
  TurnLength turns{};
};

// One benchmark for each side, named region/<cell>/<side>.
void register_cell(Cell);

// "threads:8/" + name.
std::string side_name(unsigned threads, const std::string& name);
inline const std::vector<unsigned> thread_counts{1, 2, 8, 64};

// Set by --quick: shorter turns, fewer rounds, no data of hundreds of MiB.
bool is_quick();
TurnLength turns_of(unsigned rounds, double nanoseconds, Clock);

// For what cannot be measured: says why and aborts.
[[noreturn]] void give_up(const char* what, const char* why);

}  // namespace shunt::bench
