// What cannot move stays, whole, and the rest goes on: pinned pages, kernels that refuse, no memory for
// copies.
#include "model_heap.hpp"
#include "support/pinned_pages.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = kib * kib;

std::size_t bytes_of(ModelHeap& model, std::size_t i) {
  const ModelObject& o = model.objects()[i];
  return classify(model.heap().geometry(), o.size, o.alignment).bytes;
}

RegionIndex region_of(ModelHeap& model, std::size_t i) {
  return model.heap().geometry().region_of(model.address_of(i));
}

// Kills every object whose index `dies`, and says where the object with index `kept` went in the list.
template <class Dies>
std::size_t kill_others(ModelHeap& model, std::size_t kept, Dies&& dies) {
  const Handle handle = model.objects()[kept].handle;
  std::size_t next = 0;
  model.kill_if([&](const ModelObject&) { return dies(next++); });
  for (std::size_t i = 0; i < model.objects().size(); ++i) {
    if (model.heap().address_of(model.objects()[i].handle) == model.heap().address_of(handle)) return i;
  }
  return SIZE_MAX;
}

}  // namespace

TEST_CASE("a pinned page in the middle of an object: the object stays whole, its neighbours move") {
  ModelHeap model(small_heap(EngineKind::Relocate, 2 * mib), test_seed());
  SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
  for (int i = 0; i < 40; ++i) model.add(200 * kib);
  const std::size_t kept = kill_others(model, 12, [](std::size_t i) { return i % 3 == 1; });
  const Address before = model.address_of(kept);
  const Address neighbour = model.address_of(kept - 1);
  const RegionIndex region = region_of(model, kept);
  {
    PinnedPages pinned({before + 20 * page_bytes, page_bytes});
    SHUNT_NEEDS(pinned.pinned(), "io_uring with registered buffers");
    const CompactionReport report = model.compact();
    CHECK(model.address_of(kept) == before);
    CHECK(model.address_of(kept - 1) != neighbour);
    CHECK(report.bytes_left == bytes_of(model, kept));
    CHECK(report.regions_returned == 1);
    CHECK(report.regions_freed + report.regions_returned == report.regions_selected);
    CHECK(report.moves.left[static_cast<std::size_t>(Reason::Pinned)] == 1);
    CHECK(report.bytes_brought_back == 20 * page_bytes);
    CHECK(model.heap().regions().word(region).is(RegionState::Live));
    CHECK(model.heap().regions().record(region).live_bytes() == bytes_of(model, kept));
    CHECK(pinned.kernel_writes(0, 'x'));
    CHECK(*pointer_to<char>(before + 20 * page_bytes) == 'x');
    model.refill(kept);
  }
  const CompactionReport again = model.compact();
  CHECK(model.address_of(kept) != before);
  CHECK(again.bytes_left == 0);
  CHECK(again.regions_returned == 0);
  CHECK(model.heap().regions().word(region).is(RegionState::Free));
}

TEST_CASE("pinned pages in a joined run of many objects: only the objects on them stay") {
  ModelHeap model(small_heap(EngineKind::Relocate, 2 * mib), test_seed());
  SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
  for (int i = 0; i < 2000; ++i) model.add(page_bytes);
  // Stretches of 100 objects live: one run each.
  const std::size_t first = kill_others(model, 210, [](std::size_t i) { return i / 100 % 2 == 1; });
  const std::size_t last = first + 60;
  const std::vector<Address> before{model.address_of(first), model.address_of(first + 30),
                                    model.address_of(last)};
  {
    PinnedPages one({align_down(before[0], page_bytes), page_bytes});
    PinnedPages two({align_down(before[2], page_bytes), page_bytes});
    SHUNT_NEEDS(one.pinned() && two.pinned(), "io_uring with registered buffers");
    const CompactionReport report = model.compact();
    CHECK(model.address_of(first) == before[0]);
    CHECK(model.address_of(first + 30) != before[1]);
    CHECK(model.address_of(last) == before[2]);
    CHECK(report.bytes_left >= 2 * page_bytes);
    CHECK(report.bytes_left <= 8 * page_bytes);
    CHECK(report.regions_returned == 1);
    CHECK(report.moves.left[static_cast<std::size_t>(Reason::Pinned)] == 2);
  }
  CHECK(model.compact().regions_returned == 0);
  CHECK(model.address_of(first) != before[0]);
}

namespace {

struct LargeObject {
  ModelHeap& model;
  std::size_t index;
  CompactOptions window;
};

// Five free regions, three pinned, a large object of five, eleven free: fourteen neighbours can be had only
// if the large object moves to the first five.
LargeObject crowd_in(ModelHeap& model) {
  const std::size_t region = model.heap().geometry().region_bytes();
  for (int i = 0; i < 16; ++i) model.add(region / 2);
  const std::size_t large = model.add(4 * region + region / 2);
  for (std::size_t i = 10; i < 16; ++i) REQUIRE(model.heap().pin(model.objects()[i].handle));
  const std::size_t kept = kill_others(model, large, [](std::size_t i) { return i < 10; });
  CompactOptions options;
  options.goal.contiguous_regions = 14;
  options.goal.bytes_to_free = 0;
  return {model, kept, options};
}

HeapOptions crowded_heap(EngineKind engine, std::size_t region_bytes) {
  HeapOptions options = small_heap(engine, region_bytes);
  options.maximum_bytes = 24 * region_bytes;
  return options;
}

void check_large_object_stays(LargeObject large, std::size_t pinned_offset) {
  ModelHeap& model = large.model;
  const Address before = model.address_of(large.index);
  const RegionIndex head = region_of(model, large.index);
  constexpr std::uint32_t used = 8;
  {
    PinnedPages pinned({before + pinned_offset, page_bytes});
    SHUNT_NEEDS(pinned.pinned(), "io_uring with registered buffers");
    const CompactionReport report = model.compact(large.window);
    CHECK(report.regions_selected == 5);
    CHECK(report.regions_returned == 5);
    CHECK(report.regions_filled == 0);
    CHECK(report.bytes_left == bytes_of(model, large.index));
    CHECK(report.bytes_moved_by_page + report.bytes_copied == 0);
    CHECK(model.address_of(large.index) == before);
    CHECK(model.used_regions() == used);
    CHECK(model.heap().regions().record(head).live_bytes() == bytes_of(model, large.index));
  }
  const CompactionReport again = model.compact(large.window);
  CHECK(again.regions_returned == 0);
  CHECK(again.regions_filled == 5);
  CHECK(model.address_of(large.index) != before);
  CHECK(model.used_regions() == used);
  model.kill_if([&](const ModelObject& o) { return o.size > 2 * model.heap().geometry().region_bytes(); });
  CHECK(model.what_is_wrong() == "");
  CHECK(model.used_regions() == used - 5);
}

}  // namespace

TEST_CASE("a pinned page in a large object over several regions: all of its regions stay") {
  for (const std::size_t page : {0, 1, 64, 130, 200, 287}) {
    INFO("page " << page);
    ModelHeap model(crowded_heap(EngineKind::Relocate, 256 * kib), test_seed());
    SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
    check_large_object_stays(crowd_in(model), page * page_bytes);
  }
}

TEST_CASE("a large object of huge and of small pages, which are runs of their own, stays whole, too") {
  // In the last region, which is not full, and in the first, whose run is tried before.
  // Object of four and a half regions of 2 MiB: the half is no whole huge page.
  for (const std::size_t offset : {9 * mib - page_bytes, mib, std::size_t{0}}) {
    INFO("offset " << offset);
    HeapOptions options = crowded_heap(EngineKind::Relocate, 2 * mib);
    options.huge_pages = os::HugePageAdvice::Always;
    ModelHeap model(options, test_seed());
    SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
    check_large_object_stays(crowd_in(model), offset);
  }
}

TEST_CASE("remapping moves pinned pages, and their writer finds them") {
  HeapOptions options = small_heap(EngineKind::Remap, 2 * mib);
  ModelHeap model(options, test_seed());
  SHUNT_NEEDS(model.has(EngineKind::Remap), "a remapping engine (MREMAP_DONTUNMAP)");
  for (int i = 0; i < 40; ++i) model.add(200 * kib);
  const std::size_t kept = kill_others(model, 12, [](std::size_t i) { return i % 3 == 1; });
  const Address before = model.address_of(kept);
  PinnedPages pinned({before + 20 * page_bytes, page_bytes});
  SHUNT_NEEDS(pinned.pinned(), "io_uring with registered buffers");
  CHECK(model.compact().bytes_left == 0);
  CHECK(model.address_of(kept) != before);
  CHECK(pinned.kernel_writes(0, 'x'));
  CHECK(*pointer_to<char>(model.address_of(kept) + 20 * page_bytes) == 'x');
}
