// Opening the tables, and the walks of one region or of a large object's regions along the states.
#include "region/region_space.hpp"

namespace shunt {
namespace {

// The control block has the first page of the words' mapping to itself: claims write it, barriers read the
// words.
constexpr std::size_t control_bytes = page_bytes;
static_assert(sizeof(RegionTable::Control) <= control_bytes);
static_assert(RegionTable::Word::is_always_lock_free);

Result<void> check_geometry(const HeapGeometry& g) {
  if (g.region_shift < 18 || g.region_shift > 25) {
    return Error{"open region space", 0, "region_shift is 18 (256 KiB) to 25 (32 MiB)"};
  }
  if (g.granule_shift < 3 || g.granule_shift > 4) {
    return Error{"open region space", 0, "granule_shift is 3 (8 bytes) or 4 (16 bytes)"};
  }
  if (g.region_count == 0 || g.region_count > RegionWord::max_payload) {
    return Error{"open region space", 0, "region_count is 1 to 2^28 - 1"};
  }
  if (value(g.base) > UINTPTR_MAX - g.bytes()) {
    return Error{"open region space", 0, "base and region_count end below 2^64"};
  }
  if (!is_aligned(g.base, g.region_bytes())) {
    return Error{"open region space", 0, "the base is aligned to the region size"};
  }
  return {};
}

}  // namespace

Result<RegionSpace> RegionSpace::open(const os::SystemCalls& kernel, const HeapGeometry& geometry) {
  if (auto checked = check_geometry(geometry); !checked) return checked.error();
  RegionSpace space;
  space.geometry_ = geometry;
  if (auto opened = space.open_tables(kernel); !opened) return opened.error();
  if (auto opened = space.open_readers(kernel); !opened) return opened.error();
  return Result<RegionSpace>(std::move(space));
}

Result<void> RegionSpace::open_tables(const os::SystemCalls& kernel) {
  const std::size_t count = geometry_.region_count;
  auto words = os::MetadataMemory::map(kernel, control_bytes + count * sizeof(RegionTable::Word));
  if (!words) return words.error();
  auto records = os::MetadataMemory::map(kernel, count * sizeof(RegionRecord));
  if (!records) return records.error();
  auto spans = FreeSpans::open(kernel, geometry_.region_count);
  if (!spans) return spans.error();
  words_memory_ = words.take();
  records_memory_ = records.take();
  records_ = records_memory_.as_array<RegionRecord>().data();
  free_spans_ = spans.take();
  const Address start = words_memory_.range().start;
  table_ = RegionTable(geometry_, {pointer_to<RegionTable::Word>(start + control_bytes), count},
                       *pointer_to<RegionTable::Control>(start));
  return {};
}

Result<void> RegionSpace::open_readers(const os::SystemCalls& kernel) {
  auto slots =
      os::MetadataMemory::map(kernel, control_bytes + Epochs::maximum_readers * sizeof(Epochs::Slot));
  if (!slots) return slots.error();
  auto quarantine = Quarantine::open(kernel, geometry_.region_count);
  if (!quarantine) return quarantine.error();
  epochs_memory_ = slots.take();
  quarantine_ = quarantine.take();
  const Address start = epochs_memory_.range().start;
  epochs_ = Epochs({pointer_to<Epochs::Slot>(start + control_bytes), Epochs::maximum_readers},
                   *pointer_to<Epochs::Control>(start), os::ProcessBarrier(kernel));
  return {};
}

Result<RegionIndex> RegionSpace::claim(RegionKind kind, ClaimHint& own) {
  SHUNT_CHECK(is_large(kind), ==, false);
  RegionIndex r = table_.claim(kind, own);
  if (r == RegionIndex::none && sweep() != 0) r = table_.claim(kind, own);
  if (r == RegionIndex::none)
    return Error{"claim a region", 0, "compact the heap, free objects, or open a bigger heap"};
  return r;
}

Result<RegionIndex> RegionSpace::claim_contiguous(std::uint32_t count) {
  RegionIndex head = claim_run(count);
  if (head == RegionIndex::none && sweep() != 0) head = claim_run(count);
  if (head == RegionIndex::none) {
    return Error{"claim contiguous regions", 0,
                 "compact the heap so that Free regions meet, or open a bigger heap"};
  }
  // Before retire() publishes the regions as Live, so whoever may ask for the shape sees it.
  record(head).set_shape(count);
  for (std::uint32_t k = 1; k < count; ++k) record(head + k).set_shape(k);
  return head;
}

// The index answers fast or not at all; that there is no room is for the table to say.
RegionIndex RegionSpace::claim_run(std::uint32_t count) {
  RegionIndex head = free_spans_.claim(count, table_);
  if (head != RegionIndex::none) return head;
  head = table_.claim_contiguous(count);
  if (head != RegionIndex::none) free_spans_.note_found_by_scan(count, table_);
  return head;
}

AddressRange RegionSpace::carve(RegionIndex r, std::size_t needed, std::size_t wanted,
                                std::size_t alignment) {
  SHUNT_CHECK_SHALLOW(static_cast<unsigned>(word(r).state()), ==,
                      static_cast<unsigned>(RegionState::Allocating));
  std::size_t taken = 0;
  const std::uint32_t offset = record(r).carve(needed, wanted, alignment, geometry_.region_bytes(), taken);
  if (offset == RegionRecord::no_room) return {};
  return {geometry_.start_of(r) + offset, taken};
}

void RegionSpace::assume(RegionIndex r, RegionKind kind, std::uint32_t shape, std::uint32_t top) {
  SHUNT_CHECK(table_.assume(r, kind, shape), ==, true);
  record(r).set_shape(shape);
  record(r).set_top(top);
}

std::uint32_t RegionSpace::region_span(RegionIndex head) const {
  return word(head).kind() == RegionKind::LargeHead ? record(head).shape() : 1;
}

RegionIndex RegionSpace::head_of(RegionIndex r) const {
  return word(r).kind() == RegionKind::LargeTail ? RegionIndex{value(r) - record(r).shape()} : r;
}

TransitionResult RegionSpace::retire(RegionIndex r) {
  // Tails first: a Live head means a Live object.
  for (std::uint32_t k = region_span(r); k-- > 1;) {
    const auto tail = table_.transition(r + k, RegionState::Allocating, RegionState::Live);
    if (!tail) return tail;
  }
  return table_.transition(r, RegionState::Allocating, RegionState::Live);
}

TransitionResult RegionSpace::return_to_live(RegionIndex r, RegionState from) {
  return table_.transition(r, from, RegionState::Live, record(r).shape());
}

bool RegionSpace::quarantine_if_empty(RegionIndex r) {
  const RegionWord seen = word(r);
  if (!looks_empty(r, seen)) return false;
  // Refused if the region was freed, and perhaps filled anew, since it was looked at: what was seen is of the
  // life that this ends. Done, the region and its tails are this thread's: plans take heads first.
  if (!table_.transition(r, seen, RegionState::Quarantined, RegionWord::no_slot)) return false;
  for (std::uint32_t k = region_span(r); k-- > 1;) {
    const auto tail =
        table_.transition(r + k, RegionState::Live, RegionState::Quarantined, RegionWord::no_slot);
    SHUNT_CHECK(bool{tail}, ==, true);
  }
  return true;
}

TransitionResult RegionSpace::release(RegionIndex r) {
  const TransitionResult released = release_unswept(r);
  if (released) sweep();
  return released;
}

TransitionResult RegionSpace::release_unswept(RegionIndex r) {
  TransitionResult result{TransitionOutcome::Done, word(r).state(), RegionState::Free};
  if (result.found != RegionState::Quarantined) {
    result.outcome = TransitionOutcome::Changed;
  } else if (!epochs_.ever_joined()) {
    result = free_now(r);
  } else if (!quarantine_.add(r, region_span(r), epochs_)) {
    result.outcome = TransitionOutcome::Changed;
  }
  return result;
}

std::uint32_t RegionSpace::sweep() {
  const std::uint64_t oldest = quarantine_.oldest_stamp();
  if (oldest == 0) return 0;
  const std::uint64_t reusable_below = epochs_.reusable_below(oldest);
  std::uint32_t freed = 0;
  for (;;) {
    const RegionIndex head = quarantine_.take_below(reusable_below);
    if (head == RegionIndex::none) return freed;
    freed += region_span(head);
    SHUNT_CHECK(bool{free_now(head)}, ==, true);
  }
}

TransitionResult RegionSpace::free_now(RegionIndex head) {
  const std::uint32_t span = region_span(head);
  for (std::uint32_t k = 0; k < span; ++k) record(head + k).reset();
  // The head first, so that a head in the table has all its tails.
  const TransitionResult freed = table_.release(head, span);
  if (freed && span >= FreeSpans::shortest) free_spans_.note_free(head, span);
  return freed;
}

EpochStatistics RegionSpace::epoch_statistics() const {
  EpochStatistics s = epochs_.statistics(quarantine_.oldest_stamp());
  s.waiting_regions = quarantine_.waiting_regions();
  return s;
}

RegionStatistics RegionSpace::statistics() const {
  RegionStatistics s;
  std::uint32_t used = 0;
  for_each_used([&](RegionIndex r, RegionWord w) {
    ++used;
    ++s.by_state[static_cast<unsigned>(w.state())];
    ++s.by_kind[static_cast<unsigned>(w.kind())];
    s.live_bytes += record(r).live_bytes();
    s.top_bytes += record(r).top();
  });
  s.by_state[static_cast<unsigned>(RegionState::Free)] = table_.size() - used;
  return s;
}

}  // namespace shunt
