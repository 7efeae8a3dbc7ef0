// What cannot move stays, whole, and the rest goes on: pinned pages, kernels that refuse, no memory for
// copies.
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "model_heap.hpp"
#include "support/pinned_pages.hpp"
#include "support/simulated_kernel.hpp"

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

namespace {

struct Injection {
  const char* name;
  FaultyKernel::Match match;
  FaultyKernel::Act (*act)(int code);
};

FaultyKernel::Act just_fail(int code) {
  return [code](const KernelCall&) { return -long{code}; };
}

bool is_map(const KernelCall& call) { return call.number == SYS_mmap; }

const Injection injections[] = {
    {"UFFDIO_MOVE", is_uffd_move, failed_uffd_move},
    {"mremap", is_remap, just_fail},
    {"MADV_POPULATE_WRITE", is_populate, just_fail},
    {"MADV_DONTNEED", is_drop, just_fail},
    {"mmap", is_map, just_fail},
};

// One compaction under the rule, one without it. False when the rule had no call to answer.
bool survive(ModelHeap& model, FaultyKernel& kernel, const Injection& injection, std::size_t nth,
             std::size_t times, int code) {
  INFO(injection.name << " number " << nth << ", " << times << " times: errno " << code);
  model.churn(60);
  const std::size_t before = kernel.replaced();
  kernel.replace(injection.match, nth, times, injection.act(code));
  const Result<CompactionReport> report = model.try_compact();
  kernel.forget_rules();
  const bool answered = kernel.replaced() != before;
  CHECK(model.what_is_wrong() == "");
  // Only memory for Shunt's own tables can be missing so that nothing is done.
  if (!report) CHECK(injection.match(KernelCall{SYS_mmap, {}}));
  if (report) {
    const CompactionReport& r = report.value();
    CHECK(r.objects_damaged == 0);
    CHECK(r.objects_verified == model.objects().size());
    CHECK(r.regions_freed + r.regions_returned == r.regions_selected);
    CHECK((r.bytes_left != 0) == (r.regions_returned != 0));
  }
  CHECK(model.compact().regions_returned == 0);
  return answered;
}

}  // namespace

TEST_CASE("simulated: whichever call fails, and however, nothing is lost and the next compaction works") {
  for (const EngineKind engine : all_engines) {
    INFO("engine " << std::string(engine_name(engine)));
    FaultyKernel kernel;
    ModelHeap model(small_heap(engine), test_seed(), kernel.gate());
    if (!model.has(engine)) continue;
    for (const Injection& injection : injections) {
      for (const int code : {ENOMEM, EBUSY, EINVAL, EPERM, EAGAIN}) {
        for (const std::size_t times : {std::size_t{1}, std::size_t{2}, FaultyKernel::for_ever}) {
          const bool every = times == 1 && code == ENOMEM;
          std::size_t nth = 0;
          while (nth < 60 && survive(model, kernel, injection, nth, times, code)) nth += every ? 1 : 1 + nth;
        }
        model.kill_if(
            [&](const ModelObject&) { return model.objects().size() > 100 && model.random()() % 2; });
      }
    }
    model.kill_if([](const ModelObject&) { return true; });
    model.compact();
    CHECK(model.used_regions() == 0);
  }
}

TEST_CASE("simulated: a page that is refused for good, wherever it is, leaves its objects whole") {
  FaultyKernel kernel;
  ModelHeap model(small_heap(EngineKind::Relocate), test_seed(), kernel.gate());
  SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
  std::uint64_t left = 0;
  std::uint64_t brought_back = 0;
  for (std::size_t pages = 0; pages < 24; ++pages) {
    for (std::size_t nth = 0; nth < 4; ++nth) {
      INFO("call " << nth << " moves " << pages << " pages, then EBUSY");
      model.churn(60);
      if (pages != 0) kernel.replace(is_uffd_move, nth, 1, partial_uffd_move(pages * page_bytes));
      kernel.replace(is_uffd_move, nth, 2 + nth, failed_uffd_move(EBUSY));
      const CompactionReport report = model.compact();
      kernel.forget_rules();
      left += report.bytes_left;
      brought_back += report.bytes_brought_back;
      model.kill_if([&](const ModelObject&) { return model.objects().size() > 100 && model.random()() % 2; });
    }
  }
  CHECK(left != 0);
  CHECK(brought_back != 0);
  CHECK(model.compact().bytes_left == 0);
}

namespace {

// Everything as the heap's own, but there is no memory for copies.
class NoRoomForCopies final : public Evacuator {
 public:
  explicit NoRoomForCopies(Heap& heap) : own_(os::SystemCalls::real(), heap.page_mover()) {}
  void move_runs(const MoveBatch& batch, MoveReport& report) override { own_.move_runs(batch, report); }
  bool prepare_destination(AddressRange) override {
    ++refused;
    return false;
  }
  std::size_t copy_cluster(const MarkBitmap&, AddressRange, Address) override {
    FAIL("copied to a destination that was refused");
    return 0;
  }
  void release(AddressRange range) override { own_.release(range); }
  std::size_t refused = 0;

 private:
  PageEvacuator own_;
};

}  // namespace

TEST_CASE("without memory for copies all that would have been copied stays, and pages move all the same") {
  for (const EngineKind engine : all_engines) {
    INFO("engine " << std::string(engine_name(engine)));
    ModelHeap model(small_heap(engine), test_seed());
    if (!model.has(engine)) continue;
    model.churn(1500);
    NoRoomForCopies evacuator(model.heap());
    CompactOptions options;
    options.evacuator = &evacuator;
    const CompactionReport report = model.compact(options);
    CHECK(evacuator.refused != 0);
    CHECK(report.clusters_copied == 0);
    CHECK(report.bytes_left != 0);
    CHECK(report.regions_returned != 0);
    const CompactionReport again = model.compact();
    CHECK(again.bytes_left == 0);
    CHECK(again.clusters_copied != 0);
  }
}

TEST_CASE("simulated: memory that was populated for copies that then stay is given back") {
  FaultyKernel kernel;
  ModelHeap model(small_heap(EngineKind::Copy, 2 * mib), test_seed(), kernel.gate());
  for (int i = 0; i < 20'000; ++i) model.add(1000);
  std::size_t i = 0;
  model.kill_if([&](const ModelObject&) { return i++ % 3 != 0; });
  CompactOptions options;
  options.goal.page_moves = false;
  // The kernel populates all of it and then says that it could not: the worst of what it may do.
  kernel.replace(is_populate, 0, FaultyKernel::for_ever, [](const KernelCall& call) {
    real_call(call);
    return -long{ENOMEM};
  });
  const CompactionReport report = model.compact(options);
  kernel.forget_rules();
  CHECK(report.clusters_copied == 0);
  CHECK(report.regions_filled == 0);
  CHECK(report.resident_after <= report.resident_before);
}
