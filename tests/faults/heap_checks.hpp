// What has to be true of a heap after any answer of the kernel.
//
// Each check returns what is wrong, or nothing. They look through a gate that tells the truth: disarm the run
// first.
#pragma once

#include <string>

#include "compact/model_heap.hpp"
#include "faults/scenario.hpp"

namespace shunt::testing {

// A heap of 48 regions of 256 KiB for one engine; empty: the best, and the chooser decides.
HeapOptions heap_for_faults(std::optional<EngineKind>);

// Objects of all kinds of which many have died, and rows of five pages that will surely move by page.
void fragment(ModelHeap&);

struct Before {
  std::size_t vmas = 0;  // of the reservation
  std::vector<Address> addresses;
  RegionStatistics regions{};
};
Before look_at(ModelHeap&);

// A compaction's report adds up, names what fell back and what stayed, and an Error says what would be right
// and has changed nothing.
std::string what_is_wrong_with(const Result<CompactionReport>&, const FaultRun&, ModelHeap&, const Before&);

// Contents, statistics, VMAs; a second compaction; all memory released, free and zero. The model is empty
// afterwards.
std::string what_is_wrong_afterwards(ModelHeap&, const Before&);

// A heap that nothing was done with yet serves: allocates, compacts, releases.
std::string what_is_wrong_with_using(Heap&);

void add_up(Outcome&, const Result<CompactionReport>&);

}  // namespace shunt::testing
