// Compaction: by each engine, by the chooser, with large objects in the way, with healing.
#include "faults/heap_checks.hpp"
#include "move/mover_worlds.hpp"

namespace shunt::testing {
namespace {

// Two rounds before the trouble: by then a remapped reservation consists of several VMAs.
void prepare(ModelHeap& model) {
  for (int round = 0; round < 2; ++round) {
    fragment(model);
    model.compact();
  }
  fragment(model);
}

bool crosses_vmas(const KernelCall& call) {
  if (!is_remap(call) || call.arguments[1] == static_cast<long>(page_bytes)) return false;
  VmaLookup lookup(os::SystemCalls::real());
  const AddressRange source{Address{static_cast<std::uintptr_t>(call.arguments[0])},
                            static_cast<std::size_t>(call.arguments[1])};
  return lookup.bytes_in_one_vma(source) < source.bytes;
}

// Kernels before 6.17: a range over several VMAs is EFAULT, and by then the destination is gone.
void be_an_older_kernel(FaultRun& run) { run.always(crosses_vmas, remap_that_unmaps(os::bad_address)); }

Outcome compact(FaultRun& run, ModelHeap& model, const CompactOptions& options = {}) {
  Outcome outcome;
  const Before before = look_at(model);
  outcome.objects = model.objects().size();
  run.arm();
  const Result<CompactionReport> report = model.try_compact(options);
  run.disarm();
  run.wrong(what_is_wrong_with(report, run, model, before));
  add_up(outcome, report);
  run.wrong(what_is_wrong_afterwards(model, before));
  return outcome;
}

Outcome compact_by(FaultRun& run, std::uint64_t seed, std::optional<EngineKind> engine) {
  Outcome outcome;
  {
    ModelHeap model(heap_for_faults(engine), seed, run.gate());
    prepare(model);
    outcome = compact(run, model);
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

// Objects of a page: rows of five come together, each with its own distance and so with its own VMA; then
// what survives are rows that lie over several of those.
Outcome compact_rows(FaultRun& run, std::uint64_t seed, std::size_t objects, std::size_t vma_budget) {
  Outcome outcome;
  {
    HeapOptions options = heap_for_faults(EngineKind::Remap);
    options.vma_budget = vma_budget;
    ModelHeap model(options, seed, run.gate());
    std::size_t i = 0;
    for (std::size_t n = 0; n < objects; ++n) model.add(page_bytes);
    model.kill_if([&](const ModelObject&) { return i++ % 10 < 5; });
    model.compact();
    i = 0;
    model.kill_if([&](const ModelObject&) { return i++ % 60 >= 23; });
    outcome = compact(run, model);
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

Outcome relocate(FaultRun& run, std::uint64_t seed) { return compact_by(run, seed, EngineKind::Relocate); }
Outcome remap(FaultRun& run, std::uint64_t seed) {
  std::size_t crossings = 0;
  run.always([&](const KernelCall& call) { return crossings += run.is_armed() && crosses_vmas(call), false; },
             nullptr);
  Outcome outcome = compact_rows(run, seed, 500, 0);
  outcome.crossings = crossings;
  return outcome;
}
Outcome copy(FaultRun& run, std::uint64_t seed) { return compact_by(run, seed, EngineKind::Copy); }
Outcome choose(FaultRun& run, std::uint64_t seed) { return compact_by(run, seed, {}); }
Outcome remap_by_vma(FaultRun& run, std::uint64_t seed) {
  be_an_older_kernel(run);
  return compact_rows(run, seed, 500, 0);
}

// Five free regions, a large object of five behind three pinned ones: a window can be had only if it moves.
Outcome move_large(FaultRun& run, std::uint64_t seed, EngineKind engine) {
  Outcome outcome;
  {
    HeapOptions heap_options = heap_for_faults(engine);
    heap_options.maximum_bytes = 24 * heap_options.region_bytes;
    ModelHeap model(heap_options, seed, run.gate());
    const std::size_t region = heap_options.region_bytes;
    for (int i = 0; i < 16; ++i) model.add(region / 2);
    model.add(4 * region + region / 2);
    std::size_t next = 0;
    model.kill_if([&](const ModelObject&) { return next++ < 10; });
    for (std::size_t i = 0; i < 6; ++i) REQUIRE(model.heap().pin(model.objects()[i].handle));
    CompactOptions options;
    options.goal.contiguous_regions = 14;
    options.goal.bytes_to_free = 0;
    const Before before = look_at(model);
    run.arm();
    const Result<CompactionReport> report = model.try_compact(options);
    run.disarm();
    run.wrong(what_is_wrong_with(report, run, model, before));
    add_up(outcome, report);
    for (std::size_t i = 0; i < 6; ++i) REQUIRE(model.heap().unpin(model.objects()[i].handle));
    run.wrong(what_is_wrong_afterwards(model, before));
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

Outcome relocate_large(FaultRun& run, std::uint64_t seed) {
  return move_large(run, seed, EngineKind::Relocate);
}
Outcome remap_large(FaultRun& run, std::uint64_t seed) { return move_large(run, seed, EngineKind::Remap); }

// More rows than the budget has VMAs: the next compaction has to rewrite some first.
Outcome heal(FaultRun& run, std::uint64_t seed) { return compact_rows(run, seed, 1000, 80); }

const char* nothing() { return nullptr; }
const char* missing_relocation() {
  return host_capabilities().supports(EngineKind::Relocate) ? nullptr : "UFFDIO_MOVE";
}
const char* missing_remap() { return host_can_remap() ? nullptr : "mremap with DONTUNMAP"; }
const char* missing_multi() {
  const bool there = host_can_remap() && host_capabilities().works(os::Capability::RemapManyKeepSource);
  return there ? nullptr : "multi-VMA mremap";
}

bool moves_by_vma(const Outcome& o) { return o.moved_by_vma == o.moved && o.moved != 0 && o.stayed == 0; }
bool crosses(const Outcome& o) {
  return o.moved != 0 && o.moved_by_vma == 0 && o.crossings != 0 && o.stayed == 0;
}
bool moves(const Outcome& o) { return o.moved != 0 && o.fell_back == 0 && o.stayed == 0; }
bool copies(const Outcome& o) { return o.moved == 0 && o.objects != 0 && o.stayed == 0; }
bool compacts(const Outcome& o) { return o.objects != 0 && o.stayed == 0; }
bool heals(const Outcome& o) { return o.healed != 0 && o.stayed == 0; }

}  // namespace

std::vector<Scenario> compaction_scenarios() {
  return {
      {"compaction-relocate", missing_relocation, relocate, moves},
      {"compaction-remap-multi-vma", missing_multi, remap, crosses},
      {"compaction-remap-per-vma", missing_remap, remap_by_vma, moves_by_vma},
      {"compaction-copy", nothing, copy, copies},
      {"compaction-chooser", nothing, choose, compacts},
      {"large-object-relocate", missing_relocation, relocate_large, moves},
      {"large-object-remap", missing_remap, remap_large, moves},
      {"healing", missing_multi, heal, heals, 3},
  };
}

}  // namespace shunt::testing
