// The regions of one heap: the region table, the side records, who reads, and the walks along the states.
//
// Keeps true: a region's record is zero when the region becomes Free (so a claim finds it so); a region
// becomes Free only from Quarantined when no epoch reader can name it, or from a claim that nobody saw
// (invariant 3); a large object's regions go together. Does not touch the heap's memory: dropping pages and
// moving them is the caller's. Makes no system call after open(), but membarrier(2) when regions are released
// while there are readers. Its tables are sparse: opening costs virtual memory only, 104 bytes a region.
//
// Thread-safe where not said otherwise. Not to be moved while others use it.
#pragma once

#include <cstdint>

#include "base/heap_geometry.hpp"
#include "base/result.hpp"
#include "os/metadata_memory.hpp"
#include "region/epochs.hpp"
#include "region/free_spans.hpp"
#include "region/quarantine.hpp"
#include "region/region_record.hpp"
#include "region/region_table.hpp"

namespace shunt {

struct RegionStatistics {
  std::uint32_t by_state[region_state_count] = {};
  std::uint32_t by_kind[region_kind_count] = {};  // of regions that are not Free
  std::uint64_t live_bytes = 0;
  std::uint64_t top_bytes = 0;  // ever handed out in the regions that are not Free

  std::uint32_t in(RegionState s) const { return by_state[static_cast<unsigned>(s)]; }
  std::uint32_t of(RegionKind k) const { return by_kind[static_cast<unsigned>(k)]; }
};

class RegionSpace {
 public:
  // Errors: a geometry that cannot be (advice says what would be right), the kernel's ENOMEM. O(1).
  static Result<RegionSpace> open(const os::SystemCalls&, const HeapGeometry&);
  RegionSpace(RegionSpace&&) noexcept = default;

  const HeapGeometry& geometry() const { return geometry_; }
  // A view: copy it where a load barrier wants it close.
  RegionTable& table() { return table_; }
  const RegionTable& table() const { return table_; }
  RegionWord word(RegionIndex r) const { return table_.word(r); }
  RegionRecord& record(RegionIndex r) { return records_[value(r)]; }
  const RegionRecord& record(RegionIndex r) const { return records_[value(r)]; }

  // Free -> Allocating. `kind` is not a large one. Error: out of regions, also after a sweep(). Lock-free
  // while there is room. See BasicRegionTable::claim().
  Result<RegionIndex> claim(RegionKind kind, ClaimHint& own);
  Result<RegionIndex> claim(RegionKind kind) {
    ClaimHint none;
    return claim(kind, none);
  }
  // A LargeHead with count - 1 tails, all Allocating. Error: no such run of Free regions, also after a
  // sweep(). Lock-free while there is room.
  Result<RegionIndex> claim_contiguous(std::uint32_t count);

  // Cuts [start, start + taken) from the end of what an Allocating region has handed out: `wanted` bytes, or
  // less but at least `needed` where the region ends. An empty range if there is no room. Does not count it
  // as live. The caller owns the region (nobody else may retire it meanwhile).
  AddressRange carve(RegionIndex, std::size_t needed, std::size_t wanted, std::size_t alignment);

  // For a compactor's destinations: an Allocating region that the caller owns gets the kind, the shape
  // (regions of a large head, distance of a tail, else 0) and the top of what will be moved into it. Live
  // bytes are the caller's to count.
  void assume(RegionIndex, RegionKind, std::uint32_t shape, std::uint32_t top);

  // Allocating -> Live; a head takes its tails along.
  TransitionResult retire(RegionIndex);
  // What a compactor does with a region of its plan: Live -> Selected (refused if pinned) with its forwarding
  // slot in the word, Selected -> Forwarding, Forwarding -> Quarantined. One region each: large objects'
  // heads first.
  TransitionResult select(RegionIndex r, std::uint32_t forwarding_slot) {
    return table_.transition(r, RegionState::Live, RegionState::Selected, forwarding_slot);
  }
  TransitionResult forward(RegionIndex r) {
    return table_.transition(r, RegionState::Selected, RegionState::Forwarding);
  }
  TransitionResult quarantine(RegionIndex r) {
    return table_.transition(r, RegionState::Forwarding, RegionState::Quarantined);
  }
  // Selected or Forwarding -> Live, with the word's payload as it was before the plan. One region: the caller
  // walks a large object's tails.
  TransitionResult return_to_live(RegionIndex, RegionState from);

  // Live with no live byte -> Quarantined, with its tails. False if the region is anything else: pinned, in a
  // plan, in use, already freed by another thread, or a tail. At most one caller gets true for one life of
  // the region; that one drops the pages and then calls release().
  bool quarantine_if_empty(RegionIndex);
  // Quarantined -> Free, a head with its tails: at once if no reader is inside an epoch that it may have
  // found the region in, else when a later release() or a claim without room finds that those have left; Done
  // in both cases, Changed if it waits already. The caller holds the region alone, its pages are gone, and no
  // reference to it is left to be found. Sweeps.
  TransitionResult release(RegionIndex);
  // The same without the sweep, where there are readers: for many regions in a row, and one sweep() behind.
  TransitionResult release_unswept(RegionIndex);
  // Makes Free what waits and no reader can name any more; how many regions. A snapshot of the readers, at
  // most one membarrier(2), O(readers + regions freed). Nothing when nothing waits.
  std::uint32_t sweep();

  // Readers join here. See BasicEpochs for what a reader inside may rely on.
  Epochs& epochs() { return epochs_; }
  // Who holds back what. O(readers).
  EpochStatistics epoch_statistics() const;

  // The head of the large object that a used region belongs to, in every state; the region itself for others.
  RegionIndex head_of(RegionIndex) const;
  // How many regions belong to `head`: 1 unless it is a large object's.
  std::uint32_t region_span(RegionIndex head) const;

  // Calls visit(RegionIndex, RegionWord) for each region that is not Free, in address order. The word is a
  // snapshot. O(regions below the high-water mark).
  template <class Visitor>
  void for_each_used(Visitor&& visit) const {
    const std::uint32_t end = table_.high_water();
    for (std::uint32_t i = 0; i < end; ++i) {
      const RegionWord w = table_.word(RegionIndex{i});
      if (!w.is(RegionState::Free)) visit(RegionIndex{i}, w);
    }
  }
  // Calls visit(RegionIndex) for each that quarantine_if_empty() would probably take. What a heap sweeps when
  // it is out of regions: complete, where the answer of a single object's release is only the quick path.
  template <class Visitor>
  void for_each_empty(Visitor&& visit) const {
    for_each_used([&](RegionIndex r, RegionWord w) {
      if (looks_empty(r, w)) visit(r);
    });
  }

  // A snapshot region by region, exact while nobody changes anything. O(regions below the high-water mark).
  RegionStatistics statistics() const;

 private:
  RegionSpace() = default;
  Result<void> open_tables(const os::SystemCalls&);
  Result<void> open_readers(const os::SystemCalls&);
  RegionIndex claim_run(std::uint32_t count);
  TransitionResult free_now(RegionIndex head);
  bool looks_empty(RegionIndex r, RegionWord w) const {
    return w.is(RegionState::Live) && w.kind() != RegionKind::LargeTail && record(r).live_bytes() == 0;
  }

  HeapGeometry geometry_{};
  os::MetadataMemory words_memory_;
  os::MetadataMemory records_memory_;
  os::MetadataMemory epochs_memory_;
  RegionTable table_;
  RegionRecord* records_ = nullptr;
  Epochs epochs_;
  Quarantine quarantine_;
  FreeSpans free_spans_;
};

}  // namespace shunt
