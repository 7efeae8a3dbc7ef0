// One thread's way to allocate: a buffer for small objects, one for small objects of greater alignment.
//
// The fast path adds and compares; the Allocator is asked once a buffer, and for what is too big for one.
// A heap gives each thread its own Mutator and makes it retire() before a compaction. Retires itself when
// destroyed. Not thread-safe: one mutator, one thread.
#pragma once

#include "runtime/allocator.hpp"

namespace shunt {

class Mutator {
 public:
  // The allocator must outlive the mutator.
  explicit Mutator(Allocator& allocator) : allocator_(allocator) {}
  Mutator(const Mutator&) = delete;
  Mutator& operator=(const Mutator&) = delete;
  ~Mutator() { retire(); }

  // Memory for `size` bytes at `alignment` (allocation.hpp), its contents as the heap's pages have them.
  // O(1), or a claim of regions. Refusals: see Refusal.
  Allocation allocate(std::size_t size, std::size_t alignment = 0);

  bool allocates_from(const Allocator& allocator) const { return &allocator_ == &allocator; }

  // Gives the buffers back; live counts are exact afterwards. The mutator can go on allocating.
  void retire();

 private:
  // A buffer with more than this left is not thrown away for an object that does not fit: the object is
  // carved by itself. So at most an eighth of a buffer is lost at its end.
  static constexpr std::size_t waste_limit_bytes = Allocator::buffer_bytes / 8;

  Allocation allocate_in(AllocationBuffer&, const AllocationClass&);
  Allocation refill_and_allocate(AllocationBuffer&, const AllocationClass&);

  Allocator& allocator_;
  AllocationBuffer small_;
  AllocationBuffer aligned_;
};

}  // namespace shunt
