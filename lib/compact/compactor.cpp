#include "compact/compactor.hpp"

#include <chrono>
#include <optional>

#include "compact/execution.hpp"
#include "compact/heap_facts.hpp"
#include "compact/verifier.hpp"
#include "os/page_residency.hpp"
#include "os/vma.hpp"

namespace shunt {
namespace {

std::uint64_t now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// Adds the time since the last lap to a phase.
class Stopwatch {
 public:
  void lap(std::uint64_t& phase) {
    const std::uint64_t time = now();
    phase += time - start_;
    start_ = time;
  }
  void restart() { start_ = now(); }

 private:
  std::uint64_t start_ = now();
};

// One compaction, from facts to freed regions.
class Compaction {
 public:
  Compaction(const os::SystemCalls& kernel, RegionSpace& regions, Evacuator& evacuator, const CostModel& costs,
             const CompactionInput& input)
      : kernel_(kernel), regions_(regions), evacuator_(evacuator), costs_(costs), input_(input) {}

  Result<CompactionReport> run();

 private:
  Result<void> make_plan();
  Result<void> claim_destinations();
  void return_destinations(std::size_t first_unused);
  void execute();
  void finish_destinations();
  void finish_sources();
  void return_to_live(std::uint32_t slot);
  void measure(std::uint64_t& resident, std::uint64_t& vmas);

  os::SystemCalls kernel_;
  RegionSpace& regions_;
  Evacuator& evacuator_;
  CostModel costs_;
  const CompactionInput& input_;
  CompactionReport report_{};
  Stopwatch watch_{};

  os::MetadataMemory memory_{};
  os::MetadataMemory plan_memory_{};
  Arena arena_{};
  Arena plan_arena_{};
  std::span<RegionFacts> facts_{};
  std::span<RegionIndex> destinations_{};
  std::size_t claimed_ = 0;
  Plan plan_{};
  ForwardingTable forwarding_{};
  std::optional<Execution> execution_{};
};

void Compaction::measure(std::uint64_t& resident, std::uint64_t& vmas) {
  const HeapGeometry& g = regions_.geometry();
  const AddressRange used{g.base, std::size_t{regions_.table().high_water()} << g.region_shift};
  const Result<std::size_t> bytes = os::PageReader::open(kernel_).resident_bytes(used);
  if (bytes) resident = bytes.value();
  Result<os::VmaReader> reader = os::VmaReader::open(kernel_);
  if (!reader) return;
  const Result<std::size_t> count = reader.value().count_in(g.range());
  if (count) vmas = count.value();
}

// As many as could be needed: a region's evacuation never fills more than one.
Result<void> Compaction::claim_destinations() {
  std::size_t movable = 0;
  for (const RegionFacts& fact : facts_) {
    const bool large = is_large(fact.content);
    movable += fact.content != RegionContent::Pinned && (!large || input_.goal.contiguous_regions != 0);
  }
  destinations_ = arena_.allocate_array<RegionIndex>(movable);
  if (destinations_.size() != movable) return Error{"claiming destinations", 0, "more memory for metadata"};
  while (claimed_ < movable) {
    const Result<RegionIndex> region = regions_.claim(RegionKind::Small);
    if (!region) break;
    destinations_[claimed_++] = region.value();
  }
  std::sort(destinations_.begin(), destinations_.begin() + static_cast<std::ptrdiff_t>(claimed_));
  return {};
}

Result<void> Compaction::make_plan() {
  Result<os::MetadataMemory> memory =
      os::MetadataMemory::map(kernel_, facts_memory_bytes(regions_) + regions_.table().high_water() * sizeof(RegionIndex));
  if (!memory) return memory.error();
  memory_ = memory.take();
  arena_ = Arena(memory_.bytes());
  Result<std::span<RegionFacts>> facts = gather_facts(kernel_, regions_, arena_);
  if (!facts) return facts.error();
  facts_ = facts.value();
  if (Result<void> claimed = claim_destinations(); !claimed) return claimed;

  PlanInput input{regions_.geometry(), input_.marks, input_.object_starts, facts_, input_.goal, costs_};
  input.destinations = destinations_.first(claimed_);
  input.running_threads = input_.running_threads;
  Result<os::MetadataMemory> plan_memory = os::MetadataMemory::map(kernel_, plan_memory_bytes(input));
  if (!plan_memory) return plan_memory.error();
  plan_memory_ = plan_memory.take();
  plan_arena_ = Arena(plan_memory_.bytes());
  Result<Plan> plan = build_plan(input, plan_arena_);
  if (!plan) return plan.error();
  plan_ = plan.take();

  Result<os::MetadataMemory> forwarding_memory = os::MetadataMemory::map(
      kernel_, ForwardingTable::memory_bytes(plan_) + Execution::memory_bytes(plan_) + page_bytes);
  if (!forwarding_memory) return forwarding_memory.error();
  memory_ = forwarding_memory.take();
  return {};
}

}  // namespace
}  // namespace shunt
