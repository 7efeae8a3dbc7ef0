// Kernels that refuse: whichever call fails, and however, objects stay whole, no region is lost, and what
// could not move stays. Also an evacuator that has no memory for copies.
#include <sys/syscall.h>

#include <cerrno>

#include "model_heap.hpp"
#include "support/simulated_kernel.hpp"

using namespace shunt;
using namespace shunt::testing;

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
  ModelHeap model(small_heap(EngineKind::Copy, std::size_t{2} << 20), test_seed(), kernel.gate());
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
