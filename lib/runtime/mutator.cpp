// Allocation through buffers, and what happens at their ends.
#include "runtime/mutator.hpp"

namespace shunt {

Allocation Mutator::allocate(std::size_t size, std::size_t alignment) {
  const AllocationClass c = classify(allocator_.geometry(), size, alignment);
  if (c.path == AllocationPath::Small) return allocate_in(small_, c);
  if (c.path == AllocationPath::Aligned) return allocate_in(aligned_, c);
  return allocator_.allocate(c);
}

Allocation Mutator::allocate_in(AllocationBuffer& buffer, const AllocationClass& c) {
  const Address address = buffer.take(c.bytes, c.alignment);
  if (address != Address::null) return {address, c.bytes, Refusal::None, 0};
  if (buffer.rest().bytes > waste_limit_bytes) {
    const Allocation alone = allocator_.allocate(c);
    if (alone) return alone;
  }
  return refill_and_allocate(buffer, c);
}

Allocation Mutator::refill_and_allocate(AllocationBuffer& buffer, const AllocationClass& c) {
  AllocationBuffer fresh = allocator_.open_buffer(c.path, c.bytes);
  // Out of regions: the old buffer stays, smaller objects still fit in it.
  if (!fresh.is_open()) return {Address::null, 0, Refusal::OutOfRegions, 1};
  allocator_.retire_buffer(c.path, buffer);
  buffer = fresh;
  return {buffer.take(c.bytes, c.alignment), c.bytes, Refusal::None, 0};
}

void Mutator::retire() {
  allocator_.retire_buffer(AllocationPath::Small, small_);
  allocator_.retire_buffer(AllocationPath::Aligned, aligned_);
}

}  // namespace shunt
