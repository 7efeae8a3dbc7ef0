// A plan as text: one line a selected region with what becomes of its pages, then destinations, releases,
// totals.
//
//    slot 0 region 3: 24 pages, [0..15] run -> 0x10000800000, [18..19] copy 512 -> 0x10000810000
//    slot 1 region 4: 512 pages, all dead
//    destination region 8: small, used 66048, runs 65536, copies 512
//    release 0x10000a04000 + 16384
//    window: regions 3..4
//    total: moved 65536, copied 512, left 0, freed 2125824, released 16384, dropped 0, predicted 66417 ns
//
// Pages are counted within the region, sizes are bytes. Huge runs say `huge run`; a run that spans regions is
// shown in each of them. No memory is allocated and nothing is locked; safe to call from any thread on an
// immutable plan.
#pragma once

#include <string_view>

#include "plan/plan.hpp"

namespace shunt {

// Takes the text piece by piece.
struct TextSink {
  void* context = nullptr;
  void (*write)(void* context, std::string_view text) = nullptr;
};

void print_plan(const Plan& plan, TextSink sink);

// Writes what fits into `buffer` (no terminating zero) and returns how many bytes the whole text has.
std::size_t print_plan(const Plan& plan, std::span<char> buffer);

}  // namespace shunt
