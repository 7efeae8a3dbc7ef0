// Clusters at page borders: what ties two pages and what does not.
#include "plan/cluster.hpp"

#include <vector>

#include "model_heap.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

std::vector<Cluster> clusters_of(const ModelHeap& heap, bool with_starts) {
  ArenaMemory memory(1 << 16);
  const auto starts =
      with_starts ? std::span<const std::uint64_t>(heap.starts) : std::span<const std::uint64_t>();
  auto pages = PageOccupancy::measure(heap.marks, starts, heap.facts, memory.arena);
  REQUIRE(pages.ok());
  std::vector<Cluster> all;
  for_each_cluster(std::as_const(pages.value()).row(0), [&](const Cluster& c) { all.push_back(c); });
  return all;
}

using Clusters = std::vector<Cluster>;

}  // namespace

TEST_CASE("an object over page borders ties its pages; dead pages belong to no cluster") {
  for (const unsigned granule_shift : {3u, 4u}) {
    ModelHeap heap(18, granule_shift, 2);
    heap.add_region(RegionContent::Small);
    heap.add_object(0, 16, true);
    heap.add_object(2 * page_bytes - 16, 2 * page_bytes + 32, true);  // touches pages 1 to 4
    heap.add_object(6 * page_bytes, page_bytes, false);
    heap.add_object(63 * page_bytes, page_bytes, true);  // ends exactly with the region
    const Clusters expected{{0, 1, 16}, {1, 4, 2 * page_bytes + 32}, {63, 1, page_bytes}};
    CHECK(clusters_of(heap, true) == expected);
    CHECK(clusters_of(heap, false) == expected);
  }
}

TEST_CASE("objects that meet at a page border are told apart by their starts only") {
  ModelHeap heap(18, 4, 2);
  heap.add_region(RegionContent::Small);
  heap.add_object(page_bytes / 2, page_bytes / 2, true);
  heap.add_object(page_bytes, 64, true);
  CHECK(clusters_of(heap, true) == Clusters{{0, 1, page_bytes / 2}, {1, 1, 64}});
  CHECK(clusters_of(heap, false) == Clusters{{0, 2, page_bytes / 2 + 64}});
  const PageIndex second{1};
  CHECK_FALSE(is_tied_to_previous(heap.marks, heap.starts, second));
  CHECK(is_tied_to_previous(heap.marks, {}, second));
  CHECK_FALSE(is_tied_to_previous(heap.marks, {}, PageIndex{0}));
}

TEST_CASE("a dead neighbour at the border ties nothing; nothing ties two regions") {
  ModelHeap heap(18, 4, 4);
  heap.add_region(RegionContent::Small);
  heap.add_object(0, page_bytes, true);
  heap.add_object(page_bytes, page_bytes, false);
  heap.add_object(2 * page_bytes, 62 * page_bytes, true);
  CHECK(clusters_of(heap, false) == Clusters{{0, 1, page_bytes}, {2, 62, 62 * page_bytes}});
  heap.add_region(RegionContent::Small);
  heap.add_object(0, page_bytes, true);
  ArenaMemory memory(1 << 16);
  auto pages = PageOccupancy::measure(heap.marks, {}, heap.facts, memory.arena);
  CHECK_FALSE(pages.value().row(1)[0].is_tied_to_previous());
}

TEST_CASE("cutting a series of pages never cuts a cluster") {
  ModelHeap heap(18, 4, 2);
  heap.add_region(RegionContent::Small);
  heap.add_object(0, page_bytes, true);
  heap.add_object(page_bytes, 3 * page_bytes, true);
  heap.add_object(4 * page_bytes, page_bytes, true);
  ArenaMemory memory(1 << 16);
  auto pages = PageOccupancy::measure(heap.marks, heap.starts, heap.facts, memory.arena);
  const auto row = pages.value().row(0);
  CHECK(pages_without_cut(row, 0, 5, 9) == 5);
  CHECK(pages_without_cut(row, 0, 5, 4) == 4);
  CHECK(pages_without_cut(row, 0, 5, 3) == 1);
  CHECK(pages_without_cut(row, 0, 5, 1) == 1);
  CHECK(pages_without_cut(row, 1, 4, 2) == 0);
  CHECK(cluster_around(row, 2) == Cluster{1, 3, 3 * page_bytes});
}

TEST_CASE("an arena that is too small is an error, not a crash") {
  ModelHeap heap(18, 4, 2);
  heap.add_region(RegionContent::Small);
  ArenaMemory memory(64);
  CHECK_FALSE(PageOccupancy::measure(heap.marks, {}, heap.facts, memory.arena).ok());
}
