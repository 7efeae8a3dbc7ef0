// heap: readers of a heap hold back the regions that they may name, and the statistics and their JSON say
// who.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "observe/heap_json.hpp"
#include "runtime/heap.hpp"
#include "support/check.hpp"

using namespace shunt;

namespace {

constexpr std::size_t region = std::size_t{2} << 20;

struct OpenHeap {
  explicit OpenHeap(std::uint32_t regions) : heap(os::SystemCalls::real(), options(regions)) {
    REQUIRE(heap.open().ok());
    mutator.emplace(heap.allocator());
  }
  static HeapOptions options(std::uint32_t regions) {
    HeapOptions o;
    o.maximum_bytes = regions * region;
    o.maximum_handles = 64;
    o.engine = EngineKind::Copy;
    o.calibrate = false;
    return o;
  }
  Result<Handle> allocate(std::size_t size) { return heap.allocate(*mutator, size); }

  Heap heap;
  std::optional<Mutator> mutator;
};

nlohmann::json json_of(const Heap& heap) { return nlohmann::json::parse(to_json(heap.statistics())); }

}  // namespace

TEST_CASE("an object's regions are not reused while a reader that may name them is inside") {
  OpenHeap open(4);
  Heap& heap = open.heap;
  EpochReader tool = heap.join_readers("heap \"map\"").take();
  const Handle handle = open.allocate(2 * region).value();
  tool.enter();
  const Address seen = heap.address_of(handle);
  const RegionWord word = heap.regions().table().lookup(seen);
  CHECK(heap.release(handle));
  CHECK(heap.regions().table().lookup(seen).generation() == word.generation());
  CHECK(open.allocate(2 * region).ok());        // the other two regions
  CHECK_FALSE(open.allocate(2 * region).ok());  // these wait
  const HeapStatistics waiting = heap.statistics();
  CHECK(waiting.regions.in(RegionState::Quarantined) == 2);
  CHECK(waiting.epochs.waiting_regions == 2);
  CHECK(std::string(waiting.epochs.stalled_name) == "heap \"map\"");

  const nlohmann::json json = json_of(heap);
  CHECK(json["states"]["Quarantined"] == 2);
  CHECK(json["kinds"]["LargeHead"] == 2);
  CHECK(json["epochs"]["readers"] == 1);
  CHECK(json["epochs"]["inside"] == 1);
  CHECK(json["epochs"]["waiting_regions"] == 2);
  CHECK(json["epochs"]["stalled_reader"]["name"] == "heap \"map\"");
  CHECK(json["epochs"]["stalled_reader"]["slot"] == 0);
  CHECK(json["epochs"]["stalled_reader"]["epoch"] == json["epochs"]["oldest_epoch"]);

  tool.leave();
  const Result<Handle> again = open.allocate(2 * region);
  REQUIRE(again.ok());
  CHECK(heap.address_of(again.value()) == seen);
  CHECK(json_of(heap)["epochs"]["stalled_reader"].is_null());
  CHECK(json_of(heap)["epochs"]["waiting_regions"] == 0);
}

TEST_CASE(
    "a reader that stays inside a compaction keeps the evacuated regions, and the heap goes on in others") {
  OpenHeap open(16);
  Heap& heap = open.heap;
  EpochReader tool = heap.join_readers("tool").take();
  std::vector<Handle> kept;
  for (int i = 0; i < 8 * 4; ++i) {
    const Handle handle = open.allocate(region / 4).value();
    if (i % 4 == 0) {
      kept.push_back(handle);
    } else {
      heap.release(handle);
    }
  }
  open.mutator->retire();
  tool.enter();
  const Result<CompactionReport> report = heap.compact({});
  REQUIRE(report.ok());
  REQUIRE(report.value().regions_freed > 0);
  CHECK(heap.statistics().epochs.waiting_regions == report.value().regions_freed);
  CHECK(heap.statistics().regions.in(RegionState::Quarantined) == report.value().regions_freed);
  for (const Handle handle : kept) {
    CHECK(heap.regions().table().state(heap.address_of(handle)) == RegionState::Live);
  }
  CHECK(open.allocate(region / 4).ok());
  tool.leave();
  CHECK(heap.regions().sweep() == report.value().regions_freed);
  CHECK(heap.statistics().regions.in(RegionState::Quarantined) == 0);
}
