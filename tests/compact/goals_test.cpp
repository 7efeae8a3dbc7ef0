// Compactions at the edges: all dead, all live, one object a page, objects that end where pages and regions
// end, big ones, pinned ones, full heaps. Each against the model.
#include <algorithm>

#include "model_heap.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = kib * kib;

std::uint32_t longest_free_window(ModelHeap& model) {
  std::uint32_t longest = 0;
  std::uint32_t length = 0;
  for (std::uint32_t r = 0; r < model.heap().geometry().region_count; ++r) {
    length = model.heap().regions().word(RegionIndex{r}).is(RegionState::Free) ? length + 1 : 0;
    longest = std::max(longest, length);
  }
  return longest;
}

void kill_all_but_every(ModelHeap& model, std::size_t nth) {
  std::size_t i = 0;
  model.kill_if([&](const ModelObject&) { return i++ % nth != 0; });
}

}  // namespace

TEST_CASE("all dead: every region is free afterwards and nothing stays in memory") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    model.churn(1000);
    model.kill_if([](const ModelObject&) { return true; });
    const CompactionReport report = model.compact();
    CHECK(model.used_regions() == 0);
    CHECK(report.bytes_moved_by_page + report.bytes_copied + report.bytes_left + report.live_bytes == 0);
    CHECK(report.resident_after == 0);
  });
}

TEST_CASE("all live: nothing is selected and nothing changes its place") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    for (int i = 0; i < 3000; ++i) model.add(4096);
    const Address first = model.address_of(0);
    const CompactionReport report = model.compact();
    CHECK(report.regions_selected == 0);
    CHECK(report.regions_filled == 0);
    CHECK(report.page_runs + report.clusters_copied == 0);
    CHECK(model.address_of(0) == first);
  });
}

TEST_CASE("one live object of 16 bytes a page: packed into a hundredth of the regions") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    for (int i = 0; i < 256 * 400; ++i) model.add(16);
    kill_all_but_every(model, 256);
    const std::uint32_t before = model.used_regions();
    const CompactionReport report = model.compact();
    CHECK(before >= 6);
    CHECK(report.bytes_copied == 400 * 16);
    CHECK(report.bytes_moved_by_page == 0);
    CHECK(model.used_regions() == 1);
    CHECK(report.resident_after <= 3 * page_bytes);
  });
}

TEST_CASE("objects that end exactly at page and region ends") {
  with_each_engine([](EngineKind engine) {
    for (const std::size_t region : {256 * kib, 2 * mib}) {
      ModelHeap model(small_heap(engine, region), test_seed());
      for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 60; ++i) {
          model.add(page_bytes);
          model.add(2 * page_bytes - 16);
          model.add(16);
          model.add(8 * page_bytes);
          model.add(region / 4);
          if (i % 8 == 0) model.add(region / 2);
          if (i % 16 == 0) model.add(region);
          if (i % 32 == 0) model.add(3 * region);
          if (i % 32 == 1) model.add(2 * region - page_bytes);
        }
        model.kill_if([&](const ModelObject&) { return model.random()() % 3 != 0; });
        const CompactionReport report = model.compact();
        CHECK(report.regions_returned == 0);
      }
    }
  });
}

TEST_CASE("objects of 100 MiB among small ones stay intact, and are moved where a window needs their place") {
  with_each_engine([](EngineKind engine) {
    HeapOptions options = small_heap(engine, 2 * mib);
    options.maximum_bytes = 400 * mib;  // 200 regions
    ModelHeap model(options, test_seed());
    for (int i = 0; i < 70; ++i) model.add(mib);  // 35 regions
    for (int i = 0; i < 40; ++i) model.add(mib);  // 20 regions
    model.add(100 * mib);
    model.add(40 * kib);
    // Before the large object: 55 free regions. Behind: 94.
    model.kill_if([](const ModelObject& o) { return o.size == mib; });
    CHECK(longest_free_window(model) < 140);
    CompactOptions options_of_compaction;
    options_of_compaction.goal.contiguous_regions = 120;
    const Address before = model.address_of(0);
    const CompactionReport report = model.compact(options_of_compaction);
    CHECK(longest_free_window(model) >= (engine == EngineKind::Copy ? 94u : 120u));
    if (engine != EngineKind::Copy) {
      CHECK(model.address_of(0) != before);
      CHECK(report.bytes_moved_by_page >= 100 * mib);
    }
  });
}

TEST_CASE("pinned objects stay where they are while others move, and move when they are unpinned") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    model.churn(1500);
    std::vector<Handle> pinned;
    std::vector<Address> places;
    for (std::size_t i = 0; i < model.objects().size(); i += 97) {
      pinned.push_back(model.objects()[i].handle);
      places.push_back(model.address_of(i));
      REQUIRE(model.heap().pin(pinned.back()));
      REQUIRE(model.heap().pin(pinned.back()));  // pins nest
    }
    for (const Handle handle : pinned) REQUIRE(model.heap().unpin(handle));
    const CompactionReport report = model.compact();
    CHECK(report.regions_selected != 0);
    for (std::size_t i = 0; i < pinned.size(); ++i) CHECK(model.heap().address_of(pinned[i]) == places[i]);
    for (const Handle handle : pinned) REQUIRE(model.heap().unpin(handle));
    CHECK_FALSE(model.heap().unpin(pinned[0]));
    CHECK(model.compact().regions_selected != 0);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < pinned.size(); ++i) moved += model.heap().address_of(pinned[i]) != places[i];
    CHECK(moved != 0);
  });
}

TEST_CASE("a goal of contiguous regions is met, in a heap whose free regions are scattered") {
  with_each_engine([](EngineKind engine) {
    HeapOptions options = small_heap(engine);
    options.maximum_bytes = 64 * 256 * kib;
    ModelHeap model(options, test_seed());
    while (model.try_add(64 * kib)) {
    }
    // A quarter lives: three objects in each region die.
    kill_all_but_every(model, 4);
    CHECK(longest_free_window(model) < 4);
    for (const std::uint32_t wanted : {4u, 16u, 30u}) {
      CompactOptions how;
      how.goal.contiguous_regions = wanted;
      how.goal.bytes_to_free = 0;
      model.compact(how);
      INFO("wanted " << wanted);
      CHECK(longest_free_window(model) >= (model.used_regions() == 64 ? 0u : wanted));
    }
  });
}

TEST_CASE("every region size, and both granules") {
  with_each_engine([](EngineKind engine) {
    for (std::size_t region = 256 * kib; region <= 32 * mib; region *= 2) {
      HeapOptions options = small_heap(engine, region);
      options.granule_bytes = region % (512 * kib) == 0 ? 8 : 16;
      INFO("region " << region);
      ModelHeap model(options, test_seed());
      // Not by churn(): its large objects grow with the region.
      for (int i = 0; i < 1500; ++i)
        model.add(1 + model.random()() % 3000, model.random()() % 8 == 0 ? 256 : 0);
      for (int i = 0; i < 10; ++i) model.add(40'000 + model.random()() % 60'000);
      if (region <= 4 * mib) model.add(region + 1);
      bool dies = false;
      model.kill_if([&](const ModelObject&) {
        if (model.random()() % 40 == 0) dies = !dies;
        return dies;
      });
      model.compact();
      model.churn(region <= mib ? 100 : 0);
      model.compact();
    }
  });
}

TEST_CASE("huge pages always: dense ones move, sparse ones are copied, all of it intact") {
  with_each_engine([](EngineKind engine) {
    for (const std::size_t region : {256 * kib, 2 * mib, 8 * mib}) {
      HeapOptions options = small_heap(engine, region);
      options.maximum_bytes = 1024 * region;  // in the smallest regions each object has one to itself
      options.huge_pages = os::HugePageAdvice::Always;
      INFO("region " << region);
      ModelHeap model(options, test_seed());
      for (int round = 0; round < 2; ++round) {
        // Stretches of several MiB, so that whole huge pages live and others are nearly empty.
        for (int i = 0; i < 160; ++i) model.add(100 * kib + model.random()() % (100 * kib));
        for (int i = 0; i < 4000; ++i) model.add(100 + model.random()() % 2000);
        bool dies = false;
        model.kill_if([&](const ModelObject& o) {
          if (model.random()() % (o.size > 50'000 ? 24 : 600) == 0) dies = !dies;
          return dies;
        });
        const CompactionReport report = model.compact();
        CHECK(report.resident_after <= report.resident_before + huge_page_bytes * report.regions_filled);
      }
      model.kill_if([](const ModelObject&) { return true; });
      // Regions smaller than a huge page share one with regions that were never used; khugepaged makes more
      // of them.
      const CompactionReport emptied = model.compact();
      CHECK(emptied.resident_after <= (region < huge_page_bytes ? 4 * huge_page_bytes : 0));
    }
  });
}

TEST_CASE(
    "a heap without a free region: nothing is selected, nothing breaks, and one dead region is enough to go "
    "on") {
  with_each_engine([](EngineKind engine) {
    HeapOptions options = small_heap(engine);
    options.maximum_bytes = 32 * 256 * kib;
    ModelHeap model(options, test_seed());
    while (model.try_add(64 * kib)) {
    }
    std::size_t i = 0;
    model.kill_if([&](const ModelObject&) { return i++ % 2 == 0; });
    CHECK(model.used_regions() == 32);
    const CompactionReport report = model.compact();
    CHECK(report.regions_selected == 0);
    CHECK(report.bytes_moved_by_page + report.bytes_copied == 0);
    CHECK(report.bytes_released_in_place != 0);
    CHECK(model.used_regions() == 32);
    const RegionIndex emptied = model.heap().geometry().region_of(model.address_of(0));
    model.kill_if([&](const ModelObject& o) {
      return model.heap().geometry().region_of(model.heap().address_of(o.handle)) == emptied;
    });
    CHECK(model.used_regions() == 31);
    // What one region holds is emptied into it, and so on, compaction by compaction.
    for (int round = 0; round < 10 && model.used_regions() > 16; ++round) {
      CHECK(model.compact().regions_selected != 0);
    }
    CHECK(model.used_regions() <= 17);
  });
}

TEST_CASE("regions that were emptied while still allocated into are found when the heap is out of regions") {
  HeapOptions options = small_heap(EngineKind::Copy);
  options.maximum_bytes = 8 * 256 * kib;
  ModelHeap model(options, test_seed());
  const auto fill = [&] {
    while (model.try_add(60 * kib)) {
    }
    return model.objects().size();
  };
  const std::size_t all_that_fit = fill();
  CHECK(all_that_fit == 8 * 4);
  model.kill_if([](const ModelObject&) { return true; });
  // Half of the regions were open. Allocating retires one of them, full of dead objects; a compaction retires
  // all.
  const std::uint32_t open = model.used_regions();
  CHECK(open < 8);
  CHECK(fill() > (8 - open) * 4);
  model.kill_if([](const ModelObject&) { return true; });
  model.compact();
  CHECK(model.used_regions() == 0);
  CHECK(fill() == all_that_fit);
  CHECK(model.what_is_wrong() == "");
}

TEST_CASE("a remapping engine with few VMAs stays within them, and copies what they do not allow") {
  HeapOptions options = small_heap(EngineKind::Remap, 2 * mib);
  options.vma_budget = 40;
  for (const os::HugePageAdvice advice : {os::HugePageAdvice::Default, os::HugePageAdvice::Never}) {
    options.huge_pages = advice;
    ModelHeap model(options, test_seed());
    SHUNT_NEEDS(model.has(EngineKind::Remap), "a remapping engine (MREMAP_DONTUNMAP)");
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 300; ++i) model.add(16 * kib + model.random()() % (32 * kib));
      model.kill_if([&](const ModelObject&) { return model.random()() % 2 == 0; });
      const CompactionReport report = model.compact();
      CHECK(report.vmas_after <= 40);
      CHECK(report.regions_returned == 0);
    }
  }
}

TEST_CASE("with the host's best engine and calibrated choices, run by run") {
  HeapOptions options = small_heap(EngineKind::Copy, 2 * mib);
  options.engine.reset();
  options.calibrate = true;
  ModelHeap model(options, test_seed());
  for (int round = 0; round < 3; ++round) {
    model.churn(800);
    CHECK(model.compact().regions_returned == 0);
  }
}
