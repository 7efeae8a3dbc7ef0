// The forwarding table: interior addresses, identity, and the corrections before it is published.
#include "plan/forwarding.hpp"

#include "model_heap.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// Region 0: pages 0 to 7 live as one object, then sparse small objects; region 1 stays; region 2 is dead.
struct Fixture {
  explicit Fixture(unsigned granule_shift) : heap(18, granule_shift, 8) {
    heap.add_region(RegionContent::Small);
    heap.add_object(0, 8 * page_bytes, true);
    heap.add_object(20 * page_bytes + 64, 100, true);
    heap.add_object(20 * page_bytes + 512, 24, true);
    heap.add_object(30 * page_bytes - 32, 64, true);  // over a page border
    heap.add_object(63 * page_bytes, page_bytes, false);
    heap.add_region(RegionContent::Pinned);
    heap.add_object(0, 64, true);
    heap.add_region(RegionContent::Small);
    heap.add_object(0, page_bytes, false);
    heap.claim_destinations(2);
  }
  Address at(std::size_t offset) const { return heap.geometry.base + offset; }
  ModelHeap heap;
};

}  // namespace

TEST_CASE("moved pages keep their offset, copied objects are packed, interior addresses follow") {
  for (const unsigned granule_shift : {3u, 4u}) {
    CAPTURE(granule_shift);
    const Fixture f(granule_shift);
    const Planned p(f.heap.input());
    const Address to = f.heap.geometry.start_of(f.heap.destinations[0]);
    const std::size_t second = f.heap.granules_bytes(100);
    const std::size_t third = second + f.heap.granules_bytes(24);
    const Address copies = to + 8 * page_bytes;
    for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, page_bytes, 8 * page_bytes - 1}) {
      CHECK(p.forwarding.forward(f.at(offset)) == to + offset);
    }
    for (const std::size_t inner : {0, 1, 15, 16, 99}) {
      CHECK(p.forwarding.forward(f.at(20 * page_bytes + 64 + inner)) == copies + inner);
    }
    CHECK(p.forwarding.forward(f.at(20 * page_bytes + 512 + 23)) == copies + second + 23);
    for (const std::size_t inner : {0, 31, 32, 63}) {
      CHECK(p.forwarding.forward(f.at(30 * page_bytes - 32 + inner)) == copies + third + inner);
    }
    CHECK(p.forwarding.forward_in_slot(0, f.at(5)) == to + 5);
  }
}

TEST_CASE("identity outside of the selected regions, whatever the address") {
  const Fixture f(4);
  const Planned p(f.heap.input());
  CHECK(p.forwarding.slot_count() == 2);
  CHECK(p.forwarding.slot_of(f.at(0)) == 0);
  CHECK(p.forwarding.slot_of(f.heap.geometry.start_of(RegionIndex{2})) == 1);
  for (const Address a :
       {Address::null, Address{1}, f.at(0) - 1, f.heap.geometry.start_of(RegionIndex{1}),
        f.heap.geometry.start_of(RegionIndex{2}) - 1, f.heap.geometry.start_of(RegionIndex{3}),
        f.heap.geometry.range().end(), Address{~std::uintptr_t{0}}}) {
    CHECK(p.forwarding.slot_of(a) == ForwardingTable::no_slot);
    CHECK(p.forwarding.forward(a) == a);
  }
  const Address dead = f.heap.geometry.start_of(RegionIndex{2}) + 100;
  CHECK(p.forwarding.forward(dead) == dead);
}

TEST_CASE("what could not move is left, or goes elsewhere, before the table is published") {
  const Fixture f(4);
  Planned p(f.heap.input());
  const Address to = p.forwarding.forward(f.at(0));
  p.forwarding.set_left(0, 2, 2);
  CHECK(p.forwarding.forward(f.at(2 * page_bytes - 1)) == to + (2 * page_bytes - 1));
  CHECK(p.forwarding.forward(f.at(2 * page_bytes)) == f.at(2 * page_bytes));
  CHECK(p.forwarding.forward(f.at(4 * page_bytes - 1)) == f.at(4 * page_bytes - 1));
  CHECK(p.forwarding.forward(f.at(4 * page_bytes)) == to + 4 * page_bytes);
  const Address elsewhere = f.heap.geometry.start_of(f.heap.destinations[1]) + 5 * page_bytes;
  p.forwarding.set_moved(0, 2, 2, elsewhere);
  CHECK(p.forwarding.forward(f.at(2 * page_bytes + 7)) == elsewhere + 7);
  CHECK(p.forwarding.forward(f.at(3 * page_bytes + 7)) == elsewhere + page_bytes + 7);
  CHECK_FALSE(p.forwarding.is_published());
  p.forwarding.publish();
  CHECK(p.forwarding.is_published());
}

TEST_CASE("an arena that is too small for the table is an error") {
  const Fixture f(4);
  const Planned p(f.heap.input());
  ArenaMemory memory(ForwardingTable::memory_bytes(p.plan) / 2);
  CHECK_FALSE(ForwardingTable::build(p.plan, f.heap.marks, memory.arena).ok());
}
