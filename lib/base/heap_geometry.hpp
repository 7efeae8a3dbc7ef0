// The arithmetic of one heap: where it starts, how big its regions are, how fine its objects are aligned.
//
// A pure value: every layer that turns addresses into pages, granules or regions does it through this, so
// that the formula stands in one place. All functions are O(1), thread-safe, and right for any address inside
// the heap.
#pragma once

#include "base/address.hpp"

namespace shunt {

struct HeapGeometry {
  Address base = Address::null;  // region-aligned
  unsigned region_shift = 21;    // 18 (256 KiB) to 25 (32 MiB)
  unsigned granule_shift = 4;    // 3 or 4: objects are aligned to, and marked by, 8 or 16 bytes
  std::uint32_t region_count = 0;

  constexpr std::size_t region_bytes() const { return std::size_t{1} << region_shift; }
  constexpr std::size_t granule_bytes() const { return std::size_t{1} << granule_shift; }
  constexpr std::size_t bytes() const { return std::size_t{region_count} << region_shift; }
  constexpr AddressRange range() const { return {base, bytes()}; }
  constexpr bool contains(Address a) const { return range().contains(a); }

  constexpr std::size_t pages_per_region() const { return region_bytes() >> page_shift; }
  constexpr std::size_t granules_per_page() const { return page_bytes >> granule_shift; }
  constexpr std::size_t page_count() const { return bytes() >> page_shift; }
  constexpr std::size_t granule_count() const { return bytes() >> granule_shift; }

  constexpr RegionIndex region_of(Address a) const {
    return RegionIndex{static_cast<std::uint32_t>((a - base) >> region_shift)};
  }
  constexpr Address start_of(RegionIndex r) const { return base + (std::size_t{value(r)} << region_shift); }
  constexpr AddressRange range_of(RegionIndex r) const { return {start_of(r), region_bytes()}; }
  constexpr PageIndex page_of(Address a) const { return PageIndex{(a - base) >> page_shift}; }
  constexpr Address start_of(PageIndex p) const { return base + (value(p) << page_shift); }
  constexpr PageIndex first_page_of(RegionIndex r) const {
    return PageIndex{std::uint64_t{value(r)} << (region_shift - page_shift)};
  }
  constexpr std::uint64_t granule_of(Address a) const { return (a - base) >> granule_shift; }
  constexpr Address start_of_granule(std::uint64_t g) const { return base + (g << granule_shift); }
};

}  // namespace shunt
