// The sides of the comparison, and one round of one of them: a fresh heap, the history up to the point, one
// compaction, and a look at every object.
//
// All sides do the same work around the moving (mark, plan, fix, the same tables) by the same plan; they
// differ in the Evacuator. What a baseline is, is said in bench/baselines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heap_map.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "replay.hpp"

namespace shunt::demo {

enum class Contender : std::uint8_t {
  Shunt,           // the heap's own compactor, the chooser deciding run by run
  MemsetCopy,      // the baseline that speed-ups are against: vacated regions read as zeros again
  MemsetCopyLive,  // the same, but only the live bytes are cleared: dead ones stay for whoever allocates
                   // there
  MremapPerRun,    // shunt's plan, one mremap a run
  CopyOnly,        // the engine `copy`: what the same end costs without page moves
};
const char* name_of(Contender);

struct Round {
  CompactionReport report{};
  std::uint64_t nanoseconds = 0;  // of the compaction, less what a baseline may leave out
  Verification verification{};
  std::uint64_t runs_refused = 0;  // mremap per run: copied because the kernel refused
};

// What one side of a round leaves for the next.
struct Handover {
  std::optional<CostModel> costs{};  // what shunt's plan went by
  HeapMap before{};                  // shunt's heap
  HeapMap after{};
};

// Replays `events` events of the trace and compacts. `label` is for the progress bar. Throws Failure and
// trace::Error.
Round run_contender(Contender, const Options&, std::uint64_t events, const std::string& label, Handover&,
                    Progress&);

// Opens the heap or throws Failure.
void open_heap(Heap&);

}  // namespace shunt::demo
