// The paths of allocation that are not a thread's own buffer.
#include "runtime/allocator.hpp"

namespace shunt {

Allocator::Allocator(RegionSpace& space)
    : space_(space),
      small_(space, RegionKind::Small, 1),
      aligned_(space, RegionKind::Aligned, 1),
      medium_(space, RegionKind::Medium, OpenRegions::max_slots) {}

OpenRegions& Allocator::open_regions(AllocationPath path) {
  if (path == AllocationPath::Small) return small_;
  return path == AllocationPath::Aligned ? aligned_ : medium_;
}

Allocation Allocator::allocate(const AllocationClass& c) {
  if (c.path == AllocationPath::Refused) return {Address::null, 0, c.refusal, c.regions};
  if (c.path == AllocationPath::Large) return allocate_large(c);
  const std::size_t alignment = c.path == AllocationPath::Medium ? page_bytes : c.alignment;
  const AddressRange range = open_regions(c.path).carve(c.bytes, c.bytes, alignment);
  if (range.bytes == 0) return {Address::null, 0, Refusal::OutOfRegions, 1};
  return {range.start, range.bytes, Refusal::None, 0};
}

Allocation Allocator::allocate_large(const AllocationClass& c) {
  const auto claimed = space_.claim_contiguous(static_cast<std::uint32_t>(c.regions));
  if (!claimed) return {Address::null, 0, Refusal::OutOfRegions, c.regions};
  const RegionIndex head = claimed.value();
  std::size_t left = c.bytes;
  for (std::uint32_t k = 0; k < c.regions; ++k) {
    const std::size_t here = left < geometry().region_bytes() ? left : geometry().region_bytes();
    space_.record(head + k).set_top(static_cast<std::uint32_t>(here));
    left -= here;
  }
  space_.record(head).add_live(c.bytes);  // before retire(): a Live head never looks empty
  SHUNT_CHECK(bool{space_.retire(head)}, ==, true);
  return {geometry().start_of(head), c.bytes, Refusal::None, 0};
}

AllocationBuffer Allocator::open_buffer(AllocationPath path, std::size_t needed) {
  // Aligned buffers start at a page, so that the first object of any alignment in one leaves no gap.
  const std::size_t alignment = path == AllocationPath::Aligned ? page_bytes : geometry().granule_bytes();
  return AllocationBuffer(open_regions(path).carve(needed, buffer_bytes, alignment));
}

void Allocator::retire_buffer(AllocationPath path, AllocationBuffer& buffer) {
  if (!buffer.is_open()) return;
  const RegionIndex region = geometry().region_of(buffer.inside());
  // Given back first: until the bytes leave the live count the region cannot be emptied and claimed anew.
  open_regions(path).give_back(buffer.rest());
  space_.record(region).subtract_live(buffer.unused_bytes());
  buffer = AllocationBuffer();
}

bool Allocator::release(Address address, std::size_t size, std::size_t alignment) {
  SHUNT_CHECK(geometry().contains(address), ==, true);
  const RegionIndex region = geometry().region_of(address);
  const AllocationClass c = classify(geometry(), size, alignment);
  SHUNT_CHECK(c.path == AllocationPath::Refused, ==, false);
  SHUNT_CHECK_SHALLOW(is_aligned(address, c.alignment), ==, true);
  SHUNT_CHECK_SHALLOW(space_.word(region).is(RegionState::Free), ==, false);
  SHUNT_CHECK_SHALLOW(space_.record(region).live_bytes(), >=, c.bytes);
  return space_.record(region).subtract_live(c.bytes) == 0 && space_.word(region).is(RegionState::Live);
}

void Allocator::retire_open_regions() {
  small_.retire_all();
  aligned_.retire_all();
  medium_.retire_all();
}

}  // namespace shunt
