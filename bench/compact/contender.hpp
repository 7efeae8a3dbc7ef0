// Those who compact: each a heap of its own, filled alike, and one compaction of it.
//
// All do the same marking, planning and fixing; they differ in the Evacuator and in whether pages may move.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compact/compaction_report.hpp"
#include "compact/population.hpp"

namespace shunt::bench {

// Names, which are also the last part of the benchmarks' names. What each is: docs/benchmarks.md.
inline constexpr const char* chooser = "chooser";
inline constexpr const char* copy_only = "copy_only";
inline constexpr const char* memset_copy = "memset_copy";
inline constexpr const char* memset_copy_live = "memset_copy_live";
inline constexpr const char* mremap_per_run = "mremap_per_run";

std::vector<std::string> contender_names(const os::Capabilities&);

// One compaction.
struct Sample {
  CompactionReport report{};
  std::uint64_t excluded_nanoseconds = 0;  // what the baseline may leave out, part of the copy phase
  std::uint64_t damaged = 0;               // objects; counted only when it was asked for

  // Of the whole compaction, and without what is the same for all: marking and fixing the handles.
  double total() const;
  double work() const;
};

// `verify`: looks at every object before and after, outside the time. `costs` is what the chooser of the same
// round planned by: set by it, read by mremap_per_run. Aborts where no heap can be had.
Sample compact_once(const std::string& name, Population&, bool verify, std::optional<CostModel>& costs);

}  // namespace shunt::bench
