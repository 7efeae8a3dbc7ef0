// runtime: threads that allocate, fill, check and release objects in one heap, with regions freed and reused
// between, on real memory.
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "heap_model.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr unsigned thread_count = 4;

// Every object carries its owner's pattern from end to end; an overlap shows as a foreign byte.
struct Worker {
  TestHeap& heap;
  unsigned char pattern;
  std::mt19937_64 random;
  std::vector<ModelObject> objects;
  unsigned wrong = 0;

  void allocate(Mutator& mutator) {
    const unsigned class_bits = random() % 12;  // up to 64 KiB mostly, some large
    const std::size_t size =
        random() % 200 == 0 ? 300000 + random() % 500000 : 1 + random() % (std::size_t{32} << class_bits);
    const std::size_t alignment = random() % 8 == 0 ? std::size_t{16} << random() % 9 : 0;
    const Allocation a = mutator.allocate(size, alignment);
    if (!a) return;
    wrong += !is_aligned(a.address, alignment == 0 ? 16 : alignment) || a.bytes < size;
    std::memset(pointer_to(a.address), pattern, size);
    objects.push_back({a.address, size, alignment});
  }
  void release(std::size_t which) {
    std::swap(objects[which], objects.back());
    const ModelObject o = objects.back();
    objects.pop_back();
    const auto* bytes = pointer_to<unsigned char>(o.address);
    wrong += bytes[0] != pattern || std::memcmp(bytes, bytes + 1, o.size - 1) != 0;
    const RegionIndex region = heap.space.geometry().region_of(o.address);
    if (heap.allocator.release(o.address, o.size, o.alignment)) heap.free_if_empty(region);
  }
  void run(int steps) {
    Mutator mutator(heap.allocator);
    for (int step = 0; step < steps; ++step) {
      // Grow and shrink in turns, so that regions empty and are claimed again.
      const bool growing = step / 500 % 2 == 0;
      if (random() % 10 < (growing ? 7u : 3u)) allocate(mutator);
      if (random() % 10 >= (growing ? 7u : 3u) && !objects.empty()) release(random() % objects.size());
      if (random() % 300 == 0) mutator.retire();
      if (random() % 500 == 0) heap.allocator.retire_open_regions();
      if (random() % 200 == 0) heap.free_empty_regions();
    }
  }
};

}  // namespace

TEST_CASE("objects of several threads never overlap, and after all releases every region is Free again") {
  INFO("seed ", test_seed());
  constexpr unsigned region_shift = 18;
  constexpr std::uint32_t regions = 160;
  const MappedMemory memory(std::size_t{regions} << region_shift, std::size_t{1} << region_shift);
  TestHeap heap(HeapGeometry{memory.base(), region_shift, 4, regions});
  std::vector<Worker> workers;
  for (unsigned t = 0; t < thread_count; ++t) {
    workers.push_back({heap, static_cast<unsigned char>(t + 1), std::mt19937_64(test_seed() + t), {}});
  }
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.run(8000); });
  for (std::thread& thread : threads) thread.join();

  Model model(heap.space);
  unsigned wrong = 0;
  for (const Worker& worker : workers) {
    for (const ModelObject& o : worker.objects) wrong += !model.add(o);
  }
  CHECK(wrong == 0);
  CHECK(model.wrong_counters() == 0);
  for (Worker& worker : workers) {
    while (!worker.objects.empty()) worker.release(0);
    CHECK(worker.wrong == 0);
  }
  heap.allocator.retire_open_regions();
  heap.free_empty_regions();
  const RegionStatistics s = heap.space.statistics();
  CHECK(s.in(RegionState::Free) == regions);
  CHECK(s.live_bytes == 0);
  // The regions were really reused, not only handed out once.
  unsigned reused = 0;
  for (std::uint32_t i = 0; i < regions; ++i) reused += heap.space.word(RegionIndex{i}).generation() > 1;
  CHECK(reused > 0);
}

TEST_CASE("threads that exhaust a heap together get every region's bytes exactly once") {
  TestHeap heap(fake_geometry(32, 18));
  std::atomic<std::uint64_t> bytes = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < thread_count; ++t) {
    threads.emplace_back([&] {
      Mutator mutator(heap.allocator);
      while (const Allocation a = mutator.allocate(256)) bytes += a.bytes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(bytes == heap.space.geometry().bytes());
  CHECK(heap.space.statistics().live_bytes == bytes);
}
