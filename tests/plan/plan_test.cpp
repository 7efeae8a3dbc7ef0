// Plans told by hand: the golden text, huge pages, large objects, windows, and destinations that run out.
#include "plan/plan.hpp"

#include <string>

#include "model_heap.hpp"
#include "plan/print.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

std::string text_of(const Plan& plan) {
  std::string text(print_plan(plan, std::span<char>()), '?');
  CHECK(print_plan(plan, text) == text.size());
  return text;
}

// Whole pages [first, first + pages) as one object.
void add_pages(ModelHeap& heap, std::size_t first, std::size_t pages, bool live) {
  heap.add_object(first * page_bytes, pages * page_bytes, live);
}

}  // namespace

TEST_CASE("golden: a plan prints as text") {
  ModelHeap heap(18, 4, 16);  // 64 pages a region
  heap.add_region(RegionContent::Small, 1);
  add_pages(heap, 0, 16, true);
  add_pages(heap, 16, 4, false);
  heap.add_object(20 * page_bytes, 500, true);
  heap.add_object(21 * page_bytes - 8, 40, true);
  heap.add_region(RegionContent::Small);
  add_pages(heap, 0, 64, false);
  heap.add_region(RegionContent::Pinned);
  heap.add_object(0, 100, true);
  add_pages(heap, 40, 4, false);
  heap.add_region(RegionContent::Medium);
  heap.add_object(0, 3 * page_bytes / 2, true);
  heap.add_object(2 * page_bytes, 3 * page_bytes / 2, true);
  add_pages(heap, 4, 20, false);
  heap.claim_destinations(3);
  PlanInput input = heap.input();
  input.costs = CostModel{};
  const Planned planned(input);
  CHECK(text_of(planned.plan) ==
        "slot 0 region 1: 22 pages, [0..15] run -> 0x10000000000, [20..21] copy 560 -> 0x10000010000\n"
        "slot 1 region 2: 64 pages, all dead\n"
        "slot 2 region 4: 24 pages, [0..1] copy 6144 -> 0x10000140000, [2..3] copy 6144 -> 0x10000142000\n"
        "destination region 0: small, used 66096, runs 65536, copies 560\n"
        "destination region 5: medium, used 14336, runs 0, copies 12288\n"
        "release 0x100000c1000 + 176128\n"
        "total: moved 65536, copied 12848, left 112, freed 364544, released 176128, dropped 0, predicted "
        "21657 ns\n");
  char little[10];
  CHECK(print_plan(planned.plan, little) == text_of(planned.plan).size());
  CHECK(std::string(little, 10) == "slot 0 reg");
}

TEST_CASE("nothing to plan: an empty heap, an all-live heap") {
  ModelHeap heap(21, 4, 8);
  const Planned empty(heap.input());
  CHECK(empty.plan.selected.empty());
  CHECK(empty.forwarding.forward(heap.geometry.base) == heap.geometry.base);
  heap.add_region(RegionContent::Small);
  add_pages(heap, 0, 512, true);
  heap.claim_destinations(4);
  const Planned full(heap.input());
  CHECK(full.plan.selected.empty());
  CHECK(full.plan.totals.bytes_left == huge_page_bytes);
}

TEST_CASE("neighbouring clusters, over region borders too, are one run") {
  ModelHeap heap(18, 4, 16);
  for (int i = 0; i < 4; ++i) {
    heap.add_region(RegionContent::Small);
    for (std::size_t page = 0; page < 64; ++page)
      add_pages(heap, page, 1, i % 2 == 0 ? page >= 32 : page < 32);
  }
  heap.claim_destinations(8);
  const Planned planned(heap.input());
  REQUIRE(planned.plan.runs.size() == 2);  // the second halves of one region and the first of the next
  CHECK(planned.plan.runs[0].bytes == 64 * page_bytes);
  CHECK(planned.plan.runs[1].bytes == 64 * page_bytes);
  CHECK(planned.plan.runs[0].from == heap.geometry.base + 32 * page_bytes);
}

TEST_CASE("whole huge pages keep their alignment and come first; the rest fills behind") {
  ModelHeap heap(23, 4, 8);  // four huge pages a region
  heap.add_region(RegionContent::Small).huge_page_bits = 0b0010;
  add_pages(heap, 0, 100, true);
  add_pages(heap, 100, 412, false);
  add_pages(heap, 512, 512, true);
  add_pages(heap, 1024, 1024, false);
  heap.claim_destinations(2);
  const Planned planned(heap.input());
  const auto runs = planned.plan.runs;
  const Address to = heap.geometry.start_of(heap.destinations[0]);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0] == PageRun{heap.geometry.base, to + huge_page_bytes, 100 * page_bytes, false});
  CHECK(runs[1] == PageRun{heap.geometry.base + huge_page_bytes, to, huge_page_bytes, true});
}

TEST_CASE("a window that is free already costs nothing; one region that is nearly empty is cheap") {
  ModelHeap heap(21, 4, 12);
  heap.add_region(RegionContent::Small);
  add_pages(heap, 0, 300, true);
  heap.add_region(RegionContent::Small, 2);  // 3; destinations 1 and 2
  heap.add_object(64, 64, true);
  heap.add_region(RegionContent::Pinned, 2);  // 6; destinations 4 and 5
  PlanInput input = heap.input();
  input.geometry.region_count = 7;
  input.goal = {.bytes_to_free = 0, .contiguous_regions = 2};
  const Planned free(input);
  CHECK(free.plan.window == RegionWindow{RegionIndex{1}, 2});
  CHECK(free.plan.selected.empty());
  input.goal.contiguous_regions = 4;
  const Planned planned(input);
  CHECK(planned.plan.window == RegionWindow{RegionIndex{1}, 4});
  REQUIRE(planned.plan.selected.size() == 1);
  CHECK(planned.plan.selected[0].region == RegionIndex{3});
  REQUIRE(planned.plan.destinations.size() == 1);
  CHECK(planned.plan.destinations[0].region == RegionIndex{5});
  input.goal.contiguous_regions = 6;  // nowhere to go to: all destinations would be inside
  const Planned impossible(input);
  CHECK(impossible.plan.window.is_empty());
  CHECK(impossible.plan.selected.empty());
}

TEST_CASE("a window moves a large object whole, to neighbouring destinations, huge pages as huge pages") {
  ModelHeap heap(21, 4, 10);
  heap.add_large(2 * huge_page_bytes + 100, true);  // regions 0 to 2
  heap.facts[0].huge_page_bits = heap.facts[1].huge_page_bits = 1;
  heap.add_region(RegionContent::Pinned, 1);  // 4; destination 3
  heap.add_region(RegionContent::Pinned, 3);  // 8; destinations 5 to 7
  PlanInput input = heap.input();
  input.geometry.region_count = 9;
  input.goal = {.bytes_to_free = 0, .contiguous_regions = 4};
  const Planned planned(input);
  CHECK(planned.plan.window == RegionWindow{RegionIndex{0}, 4});
  const Address to = heap.geometry.start_of(RegionIndex{5});
  REQUIRE(planned.plan.runs.size() == 2);
  CHECK(planned.plan.runs[0] == PageRun{heap.geometry.base, to, 2 * huge_page_bytes, true});
  CHECK(planned.plan.runs[1] ==
        PageRun{heap.geometry.base + 2 * huge_page_bytes, to + 2 * huge_page_bytes, page_bytes, false});
  REQUIRE(planned.plan.destinations.size() == 3);
  CHECK(planned.plan.destinations[0].content == RegionContent::LargeHead);
  CHECK(planned.plan.destinations[2].content == RegionContent::LargeTail);
  CHECK(planned.plan.destinations[2].used_bytes == page_bytes);
  const std::size_t last = 2 * huge_page_bytes + 99;
  CHECK(planned.forwarding.forward(heap.geometry.base + last) == to + last);
  input.goal.page_moves = false;
  CHECK(Planned(input).plan.window.is_empty());
}

TEST_CASE("a large object that sticks out of every window stays") {
  ModelHeap heap(21, 4, 8);
  heap.add_region(RegionContent::Pinned);
  heap.add_large(2 * huge_page_bytes + 100, true);  // regions 1 to 3
  heap.add_region(RegionContent::Pinned);
  heap.add_region(RegionContent::Pinned, 1);
  PlanInput input = heap.input();
  input.geometry.region_count = 7;
  input.goal = {.bytes_to_free = 0, .contiguous_regions = 2};
  CHECK(Planned(input).plan.window.is_empty());
}

TEST_CASE("a dead large object is freed whole, head and tails") {
  ModelHeap heap(18, 3, 8);
  heap.add_large(heap.geometry.region_bytes() * 3, false);
  const Planned planned(heap.input());
  CHECK(planned.plan.selected.size() == 3);
  CHECK(planned.plan.runs.empty());
  CHECK(planned.plan.totals.bytes_freed == 3 * heap.geometry.region_bytes());
}

TEST_CASE("destinations that run out: whole regions are dropped, dead ones never") {
  ModelHeap heap(18, 4, 32);
  for (int i = 0; i < 6; ++i) {
    heap.add_region(RegionContent::Small);
    heap.add_object(0, 40 * page_bytes, true);  // one cluster: only one fits into a destination
    add_pages(heap, 40, 24, false);
  }
  heap.add_region(RegionContent::Small);
  add_pages(heap, 0, 64, false);
  heap.claim_destinations(3);
  const Planned planned(heap.input());
  CHECK(planned.plan.selected.size() == 4);
  CHECK(planned.plan.runs.size() == 3);
  CHECK(planned.plan.totals.regions_dropped == 1);  // four times 40 pages had seemed to fit 192
  CHECK(planned.plan.totals.bytes_left == 3 * 40 * page_bytes);
  CHECK(planned.plan.releases.size() == 3);
}

TEST_CASE("an arena that is too small is an error wherever it ends") {
  ModelHeap heap(18, 4, 32);
  for (int i = 0; i < 6; ++i) {
    heap.add_region(RegionContent::Small);
    heap.add_object(0, 10 * page_bytes, true);
    add_pages(heap, 40, 24, false);
  }
  heap.claim_destinations(6);
  PlanInput input = heap.input();
  input.goal.contiguous_regions = 3;
  bool failed = false;
  for (std::size_t bytes = 0; bytes <= plan_memory_bytes(input); bytes += 40) {
    ArenaMemory memory(bytes);
    const auto plan = build_plan(input, memory.arena);
    CHECK((plan.ok() || std::string(plan.error().operation) == "plan"));
    failed = failed || !plan.ok();
  }
  CHECK(failed);
  ArenaMemory memory(plan_memory_bytes(input));
  CHECK(build_plan(input, memory.arena).ok());
}
