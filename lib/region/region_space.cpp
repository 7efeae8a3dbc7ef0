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
  if (!is_aligned(g.base, g.region_bytes())) {
    return Error{"open region space", 0, "the base is aligned to the region size"};
  }
  return {};
}

}  // namespace

Result<RegionSpace> RegionSpace::open(const os::SystemCalls& kernel, const HeapGeometry& geometry) {
  if (auto checked = check_geometry(geometry); !checked) return checked.error();
  const std::size_t count = geometry.region_count;
  auto words = os::MetadataMemory::map(kernel, control_bytes + count * sizeof(RegionTable::Word));
  if (!words) return words.error();
  auto records = os::MetadataMemory::map(kernel, count * sizeof(RegionRecord));
  if (!records) return records.error();

  RegionSpace space;
  space.geometry_ = geometry;
  space.words_memory_ = words.take();
  space.records_memory_ = records.take();
  space.records_ = space.records_memory_.as_array<RegionRecord>().data();
  const Address start = space.words_memory_.range().start;
  space.table_ = RegionTable(geometry, {pointer_to<RegionTable::Word>(start + control_bytes), count},
                             *pointer_to<RegionTable::Control>(start));
  return Result<RegionSpace>(std::move(space));
}

Result<RegionIndex> RegionSpace::claim(RegionKind kind) {
  SHUNT_CHECK(is_large(kind), ==, false);
  const RegionIndex r = table_.claim(kind);
  if (r == RegionIndex::none)
    return Error{"claim a region", 0, "compact the heap, free objects, or open a bigger heap"};
  return r;
}

Result<RegionIndex> RegionSpace::claim_contiguous(std::uint32_t count) {
  const RegionIndex head = table_.claim_contiguous(count);
  if (head == RegionIndex::none) {
    return Error{"claim contiguous regions", 0,
                 "compact the heap so that Free regions meet, or open a bigger heap"};
  }
  // Before retire() publishes the regions as Live, so whoever may ask for the shape sees it.
  record(head).set_shape(count);
  for (std::uint32_t k = 1; k < count; ++k) record(head + k).set_shape(k);
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
  if (!looks_empty(r, word(r))) return false;
  if (!select(r, 0)) return false;
  // Selected makes the region this thread's. Between the look and the exchange another thread may have freed
  // it and a third filled it anew: look again, now that it cannot change.
  if (record(r).live_bytes() != 0 || word(r).kind() == RegionKind::LargeTail) {
    SHUNT_CHECK(bool{return_to_live(r, RegionState::Selected)}, ==, true);
    return false;
  }
  for (std::uint32_t k = region_span(r); k-- > 0;) {
    // The tails of a head that this thread holds are nobody else's: plans take heads first.
    if (k != 0) SHUNT_CHECK(bool{select(r + k, 0)}, ==, true);
    SHUNT_CHECK(bool{forward(r + k)}, ==, true);
    SHUNT_CHECK(bool{quarantine(r + k)}, ==, true);
  }
  return true;
}

TransitionResult RegionSpace::release(RegionIndex r) {
  const RegionState found = word(r).state();
  if (found != RegionState::Quarantined) return {TransitionOutcome::Changed, found, RegionState::Free};
  const std::uint32_t span = region_span(r);
  // The head first, so that a head in the table has all its tails.
  for (std::uint32_t k = 0; k < span; ++k) {
    record(r + k).reset();
    const auto freed = table_.transition(r + k, RegionState::Quarantined, RegionState::Free);
    if (!freed) return freed;
  }
  return {TransitionOutcome::Done, found, RegionState::Free};
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
