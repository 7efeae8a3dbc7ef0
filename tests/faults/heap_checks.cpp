// The checks, each a sentence when it fails.
#include "faults/heap_checks.hpp"

#include <algorithm>
#include <numeric>

#include "os/vma.hpp"

namespace shunt::testing {
namespace {

std::uint64_t sum(const std::array<std::uint64_t, reason_count>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::size_t vmas_of(const Heap& heap) {
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  if (!reader) return SIZE_MAX;
  const Result<std::size_t> count = reader.value().count_in(heap.geometry().range());
  return count ? count.value() : SIZE_MAX;
}

std::string said(const Error& error) {
  return std::string(error.operation) + ": " + os::errno_name(error.code) + "; " + error.advice;
}

bool is_zero(AddressRange range) {
  const auto* words = pointer_to<const std::uint64_t>(range.start);
  return std::all_of(words, words + range.bytes / 8, [](std::uint64_t w) { return w == 0; });
}

std::string what_is_wrong_with_refusal(const Error& error, ModelHeap& model, const Before& before) {
  if (*error.operation == 0 || *error.advice == 0) return "an Error without words: " + said(error);
  for (std::size_t i = 0; i < before.addresses.size(); ++i) {
    if (model.address_of(i) != before.addresses[i]) return "objects moved in spite of " + said(error);
  }
  const std::uint64_t live = model.heap().regions().statistics().live_bytes;
  return live == before.regions.live_bytes ? "" : "live bytes changed in spite of " + said(error);
}

std::string what_is_wrong_with_sums(const CompactionReport& r, std::size_t objects) {
  if (r.objects_damaged != 0) return std::to_string(r.objects_damaged) + " objects damaged, says the report";
  if (r.objects_verified != objects) return "not every object was verified";
  if (r.regions_freed + r.regions_returned != r.regions_selected)
    return "freed and returned are not selected";
  if ((r.bytes_left != 0) != (r.regions_returned != 0)) return "bytes left and regions returned disagree";
  if (r.bytes_left != 0 && sum(r.moves.left) == 0) return "bytes stayed, and the report gives no reason";
  if (r.bytes_left == 0 && sum(r.moves.left) != 0) return "a reason for staying, and nothing stayed";
  return {};
}

// A call that moves was refused for good, by the sandbox or for want of memory.
std::string what_is_unnamed(const CompactionReport& r, const FaultRun& run) {
  if (!run.hit_a_move()) return {};
  for (const Fault& fault : run.faults()) {
    const bool for_good = fault.answer.extent == Extent::Nothing &&
                          (fault.answer.code == os::no_memory || fault.answer.code == os::not_permitted ||
                           fault.answer.code == os::not_implemented);
    if (!for_good) return {};
  }
  const bool healing = r.moves.healed_bytes != 0;  // its refusal changes nothing that a report would name
  const bool named = sum(r.moves.fallbacks) + sum(r.moves.left) + r.bytes_brought_back != 0;
  return named || healing ? "" : "a move was refused, and the report names no fallback";
}

std::string what_is_wrong_with_emptiness(ModelHeap& model) {
  const RegionStatistics s = model.heap().regions().statistics();
  const std::uint32_t all = model.heap().geometry().region_count;
  if (s.in(RegionState::Free) != all) {
    return std::to_string(all - s.in(RegionState::Free)) + " regions are not Free after all was released";
  }
  return s.live_bytes == 0 ? "" : "live bytes in an empty heap";
}

// Every region can be had again, and reads as zeros.
std::string what_is_wrong_with_fresh_memory(Heap& heap) {
  Mutator mutator(heap.allocator());
  const std::size_t region = heap.geometry().region_bytes();
  std::vector<Handle> handles;
  std::string wrong;
  for (std::uint32_t i = 0; i < heap.geometry().region_count && wrong.empty(); ++i) {
    const Result<Handle> handle = heap.allocate(mutator, region);
    if (!handle) return "region " + std::to_string(i) + " cannot be had any more";
    handles.push_back(handle.value());
    if (!is_zero({heap.address_of(handle.value()), region})) wrong = "fresh memory is not zero";
  }
  for (const Handle handle : handles) {
    if (!heap.release(handle)) wrong = "a handle was lost";
  }
  return wrong;
}

}  // namespace

HeapOptions heap_for_faults(std::optional<EngineKind> engine) {
  HeapOptions options = small_heap(EngineKind::Copy);
  options.engine = engine;
  options.maximum_bytes = 48 * options.region_bytes;
  return options;
}

void fragment(ModelHeap& model) {
  model.churn(50);
  for (int i = 0; i < 120; ++i) model.add(page_bytes);
  std::size_t i = 0;
  model.kill_if([&](const ModelObject& o) { return o.size == page_bytes && i++ % 10 < 5; });
}

Before look_at(ModelHeap& model) {
  REQUIRE(model.what_is_wrong() == "");  // and no buffer is open, which would count as live
  Before before{vmas_of(model.heap()), {}, model.heap().regions().statistics()};
  for (std::size_t i = 0; i < model.objects().size(); ++i) before.addresses.push_back(model.address_of(i));
  return before;
}

std::string what_is_wrong_with(const Result<CompactionReport>& report, const FaultRun& run, ModelHeap& model,
                               const Before& before) {
  if (const std::string wrong = model.what_is_wrong(); !wrong.empty())
    return "after the compaction: " + wrong;
  if (!report) return what_is_wrong_with_refusal(report.error(), model, before);
  const std::string wrong = what_is_wrong_with_sums(report.value(), model.objects().size());
  return wrong.empty() ? what_is_unnamed(report.value(), run) : wrong;
}

std::string what_is_wrong_afterwards(ModelHeap& model, const Before& before) {
  const bool remaps = model.heap().page_mover().engine_kind() == EngineKind::Remap;
  const std::size_t allowed = remaps ? model.heap().page_mover().vma_budget().allowed() + 2 : before.vmas;
  if (const std::size_t vmas = vmas_of(model.heap()); vmas > allowed) {
    return std::to_string(vmas) + " VMAs, " + std::to_string(allowed) + " allowed";
  }
  model.churn(20);
  const Result<CompactionReport> again = model.try_compact();
  if (!again) return "the second compaction: " + said(again.error());
  if (again.value().objects_damaged != 0) return "the second compaction damaged objects";
  if (again.value().regions_returned != 0) return "the second compaction left something";
  if (const std::string wrong = model.what_is_wrong(); !wrong.empty())
    return "after the second one: " + wrong;
  model.kill_if([](const ModelObject&) { return true; });
  if (!model.try_compact()) return "the empty heap cannot be compacted";
  if (const std::string wrong = what_is_wrong_with_emptiness(model); !wrong.empty()) return wrong;
  return what_is_wrong_with_fresh_memory(model.heap());
}

std::string what_is_wrong_with_using(Heap& heap) {
  Mutator mutator(heap.allocator());
  std::vector<Handle> handles;
  for (std::size_t i = 0; i < 200; ++i) {
    const Result<Handle> handle = heap.allocate(mutator, 3000);
    if (!handle) return "cannot allocate: " + said(handle.error());
    handles.push_back(handle.value());
    std::fill_n(pointer_to<unsigned char>(heap.address_of(handle.value())), 3000,
                static_cast<unsigned char>(i));
  }
  for (std::size_t i = 0; i < 200; ++i) {
    if (i % 3 != 0 && !heap.release(handles[i])) return "a handle was lost";
  }
  mutator.retire();
  const Result<CompactionReport> report = heap.compact({});
  if (!report) return "cannot compact: " + said(report.error());
  for (std::size_t i = 0; i < 200; i += 3) {
    const auto* bytes = pointer_to<const unsigned char>(heap.address_of(handles[i]));
    if (!std::all_of(bytes, bytes + 3000, [&](unsigned char b) { return b == i; })) return "wrong contents";
    if (!heap.release(handles[i])) return "a handle was lost";
  }
  return {};
}

void add_up(Outcome& outcome, const Result<CompactionReport>& report) {
  outcome.refused = !report.ok();
  if (!report) return;
  outcome.fell_back += sum(report.value().moves.fallbacks);
  outcome.stayed += report.value().bytes_left;
  outcome.moved += report.value().bytes_moved_by_page;
  outcome.moved_by_vma += report.value().moves.of(MoverKind::RemapSingle).bytes;
  outcome.healed += report.value().moves.healed_bytes;
}

}  // namespace shunt::testing
