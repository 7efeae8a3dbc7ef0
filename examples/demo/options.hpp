// What the demo was asked for: arguments and SHUNT_ENGINE, read once, before anything else happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/heap.hpp"

namespace shunt::demo {

struct Options {
  std::string trace;                             // empty on the command line: the bundled one
  std::string json;                              // empty: none is written
  std::string svg = "defrag.svg";                // empty: none is written
  std::uint64_t every = 0;                       // 0: stop where fragmentation is worst and compare
  unsigned repeat = 3;                           // rounds
  std::uint64_t limit = std::uint64_t{4} << 30;  // bytes resident in the heap at most
  HeapOptions heap{};                            // with the engine of SHUNT_ENGINE, and room for `limit`
};

// Nothing when the program has done what was asked (--help). Throws Failure for a wrong word, option or
// engine. Reads the environment.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace shunt::demo
