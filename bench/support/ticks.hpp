// A clock for single operations: the processor's time-stamp counter where there is one (about 10 ns a read),
// else the library's own clock.
//
// Ticks are turned into nanoseconds by a rate measured against the library's clock. Reads are not fenced:
// what is timed here ends in a locked instruction, which is fence enough. Only differences on one CPU mean
// anything; on CPUs with an invariant counter, which all current ones have, also between CPUs.
#pragma once

#include <cstdint>

#include "base/clock.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace shunt::bench {

inline std::uint64_t ticks_now() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return nanoseconds_now();
#endif
}

// Measured for 20 ms when it is first asked for. Thread-safe.
inline double nanoseconds_per_tick() {
  static const double rate = [] {
    const std::uint64_t start = nanoseconds_now(), first = ticks_now();
    std::uint64_t now = start;
    while (now - start < 20'000'000) now = nanoseconds_now();
    return static_cast<double>(now - start) / static_cast<double>(ticks_now() - first);
  }();
  return rate;
}

}  // namespace shunt::bench
