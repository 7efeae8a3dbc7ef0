// A heap's life apart from compaction: opening, filling to the limit, releasing, closing.
#include "faults/heap_checks.hpp"

namespace shunt::testing {
namespace {

Outcome open_heap(FaultRun& run, const HeapOptions& options) {
  Outcome outcome;
  {
    run.arm();
    Heap heap(run.gate(), options);
    const Result<void> opened = heap.open();
    run.disarm();
    outcome.opened = opened.ok();
    if (opened.ok()) {
      run.wrong(what_is_wrong_with_using(heap));
    } else if (*opened.error().operation == 0 || *opened.error().advice == 0) {
      run.wrong("open() failed without words");
    }
  }
  run.wrong(run.what_is_leaked());
  Heap second(run.gate(), options);
  const Result<void> opened = second.open();
  run.wrong(opened.ok() ? what_is_wrong_with_using(second)
                        : std::string("a second heap cannot be opened: ") + opened.error().operation);
  return outcome;
}

Outcome open_best(FaultRun& run, std::uint64_t) { return open_heap(run, heap_for_faults({})); }
Outcome open_remap(FaultRun& run, std::uint64_t) {
  return open_heap(run, heap_for_faults(EngineKind::Remap));
}
Outcome open_calibrated(FaultRun& run, std::uint64_t) {
  HeapOptions options = heap_for_faults({});
  options.calibrate = true;
  options.huge_pages = os::HugePageAdvice::Never;
  return open_heap(run, options);
}

Outcome close_heap(FaultRun& run, std::uint64_t) {
  {
    Heap heap(run.gate(), heap_for_faults({}));
    if (const Result<void> opened = heap.open(); !opened) run.wrong("open() failed without a fault");
    run.wrong(what_is_wrong_with_using(heap));
    run.arm();
  }
  run.disarm();
  run.wrong(run.what_is_leaked());
  return {};
}

// Objects that go while others come, until nothing fits any more; then a compaction of the full heap.
Outcome fill(FaultRun& run, std::uint64_t seed) {
  Outcome outcome;
  {
    HeapOptions options = heap_for_faults({});
    options.maximum_bytes = 16 * options.region_bytes;
    ModelHeap model(options, seed, run.gate());
    const Before before = look_at(model);
    run.arm();
    for (int round = 0; round < 3; ++round) {
      while (model.try_add(3000 + model.random()() % 60'000)) {
      }
      model.kill_if([&, dies = false](const ModelObject&) mutable {
        if (model.random()() % 8 == 0) dies = model.random()() % 2 == 0;
        return dies;
      });
    }
    outcome.objects = model.objects().size();
    while (model.try_add(200)) {
    }
    const Before full = look_at(model);
    const Result<CompactionReport> report = model.try_compact();
    run.disarm();
    run.wrong(what_is_wrong_with(report, run, model, full));
    add_up(outcome, report);
    model.kill_if([&](const ModelObject&) { return model.random()() % 4 != 0; });
    model.compact();  // there is room for what is allocated afterwards
    run.wrong(what_is_wrong_afterwards(model, before));
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

Outcome release(FaultRun& run, std::uint64_t seed) {
  Outcome outcome;
  {
    ModelHeap model(heap_for_faults({}), seed, run.gate());
    model.churn(50);
    for (int i = 0; i < 6; ++i) model.add(300'000 + model.random()() % 900'000);
    outcome.objects = model.objects().size();
    const Before before = look_at(model);
    run.arm();
    model.kill_if([](const ModelObject& o) { return o.size >= 300'000 || o.seed % 2 == 0; });
    for (int i = 0; i < 8; ++i) {
      model.add(300'000 + model.random()() % 900'000);
      model.kill_if([](const ModelObject& o) { return o.seed % 3 == 0; });
    }
    run.disarm();
    run.wrong(model.what_is_wrong());
    run.wrong(what_is_wrong_afterwards(model, before));
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

const char* nothing() { return nullptr; }
bool opens(const Outcome& o) { return o.opened; }
bool has_objects(const Outcome& o) { return o.objects != 0 && !o.refused; }

}  // namespace

std::vector<Scenario> lifetime_scenarios() {
  return {
      {"opening", nothing, open_best, opens},
      {"opening-to-remap", nothing, open_remap, opens},
      {"opening-calibrated", nothing, open_calibrated, opens, 10},
      {"closing", nothing, close_heap, opens},
      {"allocation-to-the-limit", nothing, fill, has_objects},
      {"release", nothing, release, has_objects, 2},
  };
}

}  // namespace shunt::testing
