// What a compaction did, as a value: time by phase, bytes by way, and what was won.
//
// Filled by the compactor; printed as JSON by observe/report_json.hpp. All times are nanoseconds of a
// monotonic clock, all sizes bytes.
#pragma once

#include <cstdint>

#include "base/engine_kind.hpp"
#include "move/move_report.hpp"

namespace shunt {

struct PhaseTimes {
  std::uint64_t mark = 0;     // by the heap: marking what its roots name
  std::uint64_t plan = 0;     // facts, selection, plan, forwarding
  std::uint64_t move = 0;     // page runs, through the engine
  std::uint64_t copy = 0;     // objects, packed
  std::uint64_t fix = 0;      // roots and references
  std::uint64_t release = 0;  // giving pages and regions back
  std::uint64_t verify = 0;   // deep verification, when it was asked for; part of no other phase

  std::uint64_t total() const { return mark + plan + move + copy + fix + release; }
};

struct CompactionReport {
  EngineKind engine = EngineKind::Copy;
  PhaseTimes nanoseconds{};

  std::uint64_t bytes_moved_by_page = 0;  // page-table entries moved, contents untouched
  std::uint64_t bytes_copied = 0;         // runs that page copy moved, and objects that were packed
  std::uint64_t bytes_left = 0;           // live bytes of selected regions that stayed where they were
  std::uint64_t bytes_brought_back = 0;   // moved and home again, because the rest of the cluster could not
  std::uint64_t bytes_released_in_place = 0;  // dead pages of regions that were not selected

  std::uint64_t live_bytes = 0;
  std::uint64_t resident_before = 0;  // of the heap's address range
  std::uint64_t resident_after = 0;
  std::uint64_t vmas_before = 0;  // of the heap's address range
  std::uint64_t vmas_after = 0;

  std::uint32_t regions_selected = 0;
  std::uint32_t regions_freed = 0;
  std::uint32_t regions_filled = 0;    // destinations
  std::uint32_t regions_returned = 0;  // selected, but something in them stayed
  std::uint64_t page_runs = 0;
  std::uint64_t clusters_copied = 0;
  std::uint64_t slots_fixed = 0;
  std::uint64_t objects_verified = 0;  // 0 when deep verification was not asked for
  std::uint64_t objects_damaged = 0;   // never anything else than 0, or Shunt is broken

  MoveReport moves{};
};

}  // namespace shunt
