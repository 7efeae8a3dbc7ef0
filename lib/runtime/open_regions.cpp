// Carving from the open regions, oldest slot first, and replacing the fullest.
#include "runtime/open_regions.hpp"

namespace shunt {

AddressRange OpenRegions::carve(std::size_t needed, std::size_t wanted, std::size_t alignment) {
  const std::lock_guard lock(mutex_);
  for (unsigned slot = 0; slot < slots_; ++slot) {
    if (regions_[slot] == RegionIndex::none) continue;
    const AddressRange range = carve_from(regions_[slot], needed, wanted, alignment);
    if (range.bytes != 0) return range;
  }
  auto claimed = space_.claim(kind_, hint_);
  if (!claimed) return {};
  const unsigned slot = slot_to_replace();
  retire(slot);
  regions_[slot] = claimed.value();
  return carve_from(regions_[slot], needed, wanted, alignment);
}

AddressRange OpenRegions::carve_from(RegionIndex region, std::size_t needed, std::size_t wanted,
                                     std::size_t alignment) {
  const AddressRange range = space_.carve(region, needed, wanted, alignment);
  // The region is Allocating and cannot leave that state while the mutex is held, so it is counted in time.
  if (range.bytes != 0) space_.record(region).add_live(range.bytes);
  return range;
}

unsigned OpenRegions::slot_to_replace() const {
  unsigned fullest = 0;
  for (unsigned slot = 0; slot < slots_; ++slot) {
    if (regions_[slot] == RegionIndex::none) return slot;
    if (space_.record(regions_[slot]).top() > space_.record(regions_[fullest]).top()) fullest = slot;
  }
  return fullest;
}

void OpenRegions::retire(unsigned slot) {
  if (regions_[slot] == RegionIndex::none) return;
  SHUNT_CHECK(bool{space_.retire(regions_[slot])}, ==, true);
  regions_[slot] = RegionIndex::none;
}

void OpenRegions::give_back(AddressRange rest) {
  if (rest.bytes == 0) return;
  const std::lock_guard lock(mutex_);
  const RegionIndex region = space_.geometry().region_of(rest.start);
  for (unsigned slot = 0; slot < slots_; ++slot) {
    if (regions_[slot] != region) continue;
    const std::size_t from = rest.start - space_.geometry().start_of(region);
    space_.record(region).uncarve(static_cast<std::uint32_t>(from),
                                  static_cast<std::uint32_t>(from + rest.bytes));
  }
}

void OpenRegions::retire_all() {
  const std::lock_guard lock(mutex_);
  for (unsigned slot = 0; slot < slots_; ++slot) retire(slot);
}

}  // namespace shunt
