// runtime: allocation in one thread: region ends, buffers, large objects, exhaustion, and the road back to
// Free.
#include <random>

#include "heap_model.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

TEST_CASE("small objects fill a region to its last byte before another is claimed") {
  for (unsigned shift = 18; shift <= 25; ++shift) {
    TestHeap heap(fake_geometry(2, shift));
    Mutator mutator(heap.allocator);
    const AddressRange first = heap.space.geometry().range_of(RegionIndex{0});
    Address last = Address::null;
    for (std::size_t i = 0; i < first.bytes / 1024; ++i) {
      last = mutator.allocate(1024).address;
      REQUIRE(last == first.start + i * 1024);
    }
    CHECK(last + 1024 == first.end());
    CHECK(heap.space.word(RegionIndex{0}).is(Allocating));
    CHECK(mutator.allocate(16).address == first.end());
    CHECK(heap.space.word(RegionIndex{0}).is(Live));
  }
}

TEST_CASE("a region's end that is too short for a buffer is handed out shorter") {
  TestHeap heap(fake_geometry(1));
  const AddressRange region = heap.space.geometry().range_of(RegionIndex{0});
  // 48 bytes put every later buffer out of step with the region's end.
  CHECK(heap.allocator.allocate(classify(heap.space.geometry(), 48, 0)).address == region.start);
  Mutator mutator(heap.allocator);
  std::size_t objects = 0;
  Address last = Address::null;
  while (const Allocation a = mutator.allocate(16)) {
    last = a.address;
    ++objects;
  }
  CHECK(objects == (region.bytes - 48) / 16);
  CHECK(last + 16 == region.end());
}

TEST_CASE("medium objects of half a region fill regions exactly") {
  TestHeap heap(fake_geometry(2));
  Mutator mutator(heap.allocator);
  const std::size_t half = heap.space.geometry().region_bytes() / 2;
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(mutator.allocate(half).address == heap.space.geometry().base + i * half);
  const Allocation none = mutator.allocate(half);
  CHECK(none.refusal == Refusal::OutOfRegions);
  CHECK(none.regions_asked == 1);
}

TEST_CASE("a medium object takes the room that another left") {
  TestHeap heap(fake_geometry(8));
  Mutator mutator(heap.allocator);
  const std::size_t page = page_bytes, region = heap.space.geometry().region_bytes();
  CHECK(mutator.allocate(region / 2).ok());
  CHECK(mutator.allocate(region / 2 - 16 * page).ok());
  CHECK(mutator.allocate(17 * page).address == heap.space.geometry().start_of(RegionIndex{1}));
  CHECK(mutator.allocate(16 * page).address == heap.space.geometry().start_of(RegionIndex{1}) - 16 * page);
}

TEST_CASE("aligned objects are aligned, keep out of small regions, and their gaps do not count as live") {
  TestHeap heap(fake_geometry(4));
  Mutator mutator(heap.allocator);
  std::uint64_t bytes = 0;
  for (std::size_t alignment = 32; alignment <= page_bytes; alignment *= 2) {
    for (std::size_t size :
         {std::size_t{1}, std::size_t{100}, std::size_t{5000}, medium_threshold_bytes - 16}) {
      const Allocation a = mutator.allocate(size, alignment);
      REQUIRE(a.ok());
      CHECK(is_aligned(a.address, alignment));
      CHECK(heap.space.table().lookup(a.address).kind() == RegionKind::Aligned);
      bytes += a.bytes;
    }
  }
  CHECK(heap.space.statistics().live_bytes > bytes);
  mutator.retire();
  CHECK(heap.space.statistics().live_bytes == bytes);
}

TEST_CASE("a large object has regions of its own, from the start of the first") {
  TestHeap heap(fake_geometry(10));
  Mutator mutator(heap.allocator);
  CHECK(mutator.allocate(16).ok());
  const std::size_t region = heap.space.geometry().region_bytes();
  const Allocation a = mutator.allocate(3 * region + 5);
  REQUIRE(a.ok());
  const RegionIndex head = heap.space.geometry().region_of(a.address);
  CHECK(a.address == heap.space.geometry().start_of(head));
  CHECK(a.bytes == 3 * region + page_bytes);
  CHECK(heap.space.region_span(head) == 4);
  CHECK(heap.space.record(head + 2).top() == region);
  CHECK(heap.space.record(head + 3).top() == page_bytes);
  CHECK(heap.space.word(head + 3).is(Live));
  const Allocation b = mutator.allocate(1, region);
  CHECK(is_aligned(b.address, region));
  CHECK(heap.space.region_span(heap.space.geometry().region_of(b.address)) == 1);

  CHECK(heap.allocator.release(a.address, 3 * region + 5, 0));
  CHECK(heap.free_if_empty(head));
  CHECK(mutator.allocate(4 * region).address == a.address);
}

TEST_CASE("when regions run out the refusal says how many were asked, and smaller objects still fit") {
  TestHeap heap(fake_geometry(4));
  Mutator mutator(heap.allocator);
  const std::size_t region = heap.space.geometry().region_bytes();
  CHECK(mutator.allocate(16).ok());
  const Allocation four = mutator.allocate(4 * region);
  CHECK(four.refusal == Refusal::OutOfRegions);
  CHECK(four.regions_asked == 4);
  CHECK(four.address == Address::null);
  CHECK(mutator.allocate(5 * region).refusal == Refusal::LargerThanHeap);
  CHECK(mutator.allocate(SIZE_MAX).refusal == Refusal::LargerThanHeap);
  CHECK(mutator.allocate(3 * region).ok());
  CHECK(mutator.allocate(40000).refusal == Refusal::OutOfRegions);
  CHECK(mutator.allocate(30000).ok());
  CHECK(heap.space.statistics().in(Free) == 0);
}

TEST_CASE("a region whose last object is released becomes Free, but not while a buffer in it is open") {
  TestHeap heap(fake_geometry(2, 18));
  Mutator mutator(heap.allocator);
  const Allocation a = mutator.allocate(64);
  heap.allocator.retire_open_regions();
  CHECK(heap.space.word(RegionIndex{0}).is(Live));
  CHECK_FALSE(heap.allocator.release(a.address, 64, 0));
  CHECK_FALSE(heap.free_if_empty(RegionIndex{0}));
  CHECK(mutator.allocate(64).address == a.address + 64);  // the buffer is still good
  CHECK_FALSE(heap.allocator.release(a.address + 64, 64, 0));
  mutator.retire();
  CHECK(heap.free_empty_regions() == 1);
  CHECK(heap.space.word(RegionIndex{0}).generation() == 1);
}

TEST_CASE("what a retired buffer did not use is used by the next one") {
  TestHeap heap(fake_geometry(1));
  Mutator first(heap.allocator), second(heap.allocator);
  const Allocation a = first.allocate(64);
  first.retire();
  CHECK(second.allocate(64).address == a.address + 64);
  CHECK(first.allocate(64).address == a.address + Allocator::buffer_bytes + 64);
  second.retire();  // something is behind it: not taken back
  CHECK(second.allocate(64).address == a.address + 2 * Allocator::buffer_bytes + 64);
  first.retire();
  second.retire();
  CHECK(heap.space.record(RegionIndex{0}).live_bytes() == 4 * 64);
}

TEST_CASE("random objects agree with the model, through releases, freed regions and exhaustion") {
  std::mt19937_64 random(test_seed());
  INFO("seed ", test_seed());
  for (unsigned shift : {18u, 21u}) {
    TestHeap heap(fake_geometry(64, shift, 3 + shift % 2));
    Model model(heap.space);
    std::vector<ModelObject> objects;
    unsigned wrong = 0, exhausted = 0;
    {
      Mutator mutator(heap.allocator);
      for (int step = 0; step < 30000; ++step) {
        if (random() % 5 < 3 || objects.empty()) {
          const std::size_t size = random() % (std::size_t{16} << random() % (shift - 3));
          const std::size_t alignment = random() % 4 == 0 ? std::size_t{1} << random() % (shift + 1) : 0;
          const Allocation a = mutator.allocate(size, alignment);
          exhausted += a.refusal == Refusal::OutOfRegions;
          if (!a) continue;
          objects.push_back({a.address, size, alignment});
          wrong += !model.add(objects.back());
        } else {
          std::swap(objects[random() % objects.size()], objects.back());
          const ModelObject o = objects.back();
          objects.pop_back();
          model.remove(o);
          const RegionIndex r = heap.space.geometry().region_of(o.address);
          if (heap.allocator.release(o.address, o.size, o.alignment)) wrong += !heap.free_if_empty(r);
        }
      }
    }
    CHECK(wrong == 0);
    CHECK(model.wrong_counters() == 0);
    CHECK(exhausted > 0);
    for (const ModelObject& o : objects) heap.allocator.release(o.address, o.size, o.alignment);
    heap.allocator.retire_open_regions();
    heap.free_empty_regions();
    CHECK(heap.space.statistics().in(Free) == 64);
  }
}
