// The order of a compaction, and the walk of its regions along their states.
#include "compact/compactor.hpp"

#include <algorithm>
#include <optional>

#include "base/clock.hpp"
#include "compact/destinations.hpp"
#include "compact/execution.hpp"
#include "compact/heap_facts.hpp"
#include "compact/verifier.hpp"
#include "os/page_residency.hpp"
#include "os/vma.hpp"

namespace shunt {
namespace {

// Adds the time since the last lap to a phase.
class Stopwatch {
 public:
  void lap(std::uint64_t& phase) {
    const std::uint64_t time = nanoseconds_now();
    phase += time - start_;
    start_ = time;
  }
  void restart() { start_ = nanoseconds_now(); }

 private:
  std::uint64_t start_ = nanoseconds_now();
};

// One compaction, from facts to freed regions.
class Compaction {
 public:
  Compaction(const os::SystemCalls& kernel, RegionSpace& regions, Evacuator& evacuator,
             const CostModel& costs, const CompactionInput& input)
      : kernel_(kernel),
        regions_(regions),
        evacuator_(evacuator),
        costs_(costs),
        input_(input),
        destinations_(regions) {}

  Result<CompactionReport> run();

 private:
  Result<void> gather();
  Result<void> make_plan();
  Result<void> make_forwarding();
  void enter_forwarding_states();
  void execute();
  void lap_without_releases(std::uint64_t& phase);
  void verify(const Verifier&);
  void fix_slots();
  void count_live();
  void finish_sources();
  AddressRange used_range() const;
  void measure(std::uint64_t& resident, std::uint64_t& vmas);

  os::SystemCalls kernel_;
  RegionSpace& regions_;
  Evacuator& evacuator_;
  CostModel costs_;
  const CompactionInput& input_;
  CompactionReport report_{};
  Stopwatch watch_{};

  // One mapping for each step of planning, because each knows its need only from the one before.
  os::MetadataMemory facts_memory_{};
  os::MetadataMemory plan_memory_{};
  os::MetadataMemory forwarding_memory_{};
  std::span<RegionFacts> facts_{};
  Destinations destinations_;
  Plan plan_{};
  ForwardingTable forwarding_{};
  std::optional<Execution> execution_{};
};

Result<Arena> map_arena(const os::SystemCalls& kernel, std::size_t bytes, os::MetadataMemory& memory) {
  Result<os::MetadataMemory> mapped = os::MetadataMemory::map(kernel, bytes + page_bytes);
  if (!mapped) return mapped.error();
  memory = mapped.take();
  return Arena(memory.bytes());
}

Result<void> Compaction::gather() {
  Result<Arena> arena =
      map_arena(kernel_, facts_memory_bytes(regions_) + Destinations::memory_bytes(regions_), facts_memory_);
  if (!arena) return arena.error();
  Result<std::span<RegionFacts>> facts = gather_facts(kernel_, regions_, arena.value());
  if (!facts) return facts.error();
  facts_ = facts.value();
  return destinations_.claim(facts_, input_.goal, arena.value());
}

Result<void> Compaction::make_plan() {
  PlanInput input{regions_.geometry(), input_.marks, input_.object_starts,   facts_,
                  input_.goal,         costs_,       destinations_.claimed()};
  input.running_threads = input_.running_threads;
  Result<Arena> arena = map_arena(kernel_, plan_memory_bytes(input), plan_memory_);
  if (!arena) return arena.error();
  Result<Plan> plan = build_plan(input, arena.value());
  if (!plan) return plan.error();
  plan_ = plan.take();
  return {};
}

Result<void> Compaction::make_forwarding() {
  const std::size_t bytes = ForwardingTable::memory_bytes(plan_) + Execution::memory_bytes(plan_);
  Result<Arena> arena = map_arena(kernel_, bytes, forwarding_memory_);
  if (!arena) return arena.error();
  Result<ForwardingTable> forwarding = ForwardingTable::build(plan_, input_.marks, arena.value());
  if (!forwarding) return forwarding.error();
  forwarding_ = forwarding.take();
  execution_.emplace(plan_, input_, evacuator_, forwarding_, report_);
  return execution_->prepare(arena.value());
}

void Compaction::enter_forwarding_states() {
  for (std::uint32_t slot = 0; slot < plan_.selected.size(); ++slot) {
    const RegionIndex region = plan_.selected[slot].region;
    const bool selected = bool{regions_.select(region, slot)} && bool{regions_.forward(region)};
    SHUNT_CHECK(selected, ==, true);  // mutators are stopped and pinned regions are not in the plan
  }
}

// Sources are given back while runs move and objects are copied; that time belongs to the release phase.
void Compaction::lap_without_releases(std::uint64_t& phase) {
  const std::uint64_t releasing = execution_->take_releasing_nanoseconds();
  watch_.lap(phase);
  phase -= releasing;
  report_.nanoseconds.release += releasing;
}

void Compaction::execute() {
  for (const AddressRange& range : plan_.releases) {
    evacuator_.release(range);
    report_.bytes_released_in_place += range.bytes;
  }
  watch_.lap(report_.nanoseconds.release);
  execution_->move_runs();
  lap_without_releases(report_.nanoseconds.move);
  execution_->copy_clusters();
  lap_without_releases(report_.nanoseconds.copy);
}

void Compaction::verify(const Verifier& verifier) {
  const Verifier::Outcome outcome = verifier.after(input_.embedder, forwarding_);
  report_.objects_verified = outcome.verified;
  report_.objects_damaged = outcome.damaged;
  watch_.lap(report_.nanoseconds.verify);
}

// Where the plan moves nothing, no slot can name what has moved.
void Compaction::fix_slots() {
  if (plan_.runs.empty() && plan_.copies.empty()) return;
  SlotFixer fixer(forwarding_);
  input_.embedder.fix_slots(input_.embedder.context, fixer);
  report_.slots_fixed = fixer.fixed();
  watch_.lap(report_.nanoseconds.fix);
}

// Live bytes of sources that keep something, and of destinations, page by page from where each page is now.
void Compaction::count_live() {
  for (std::uint32_t slot = 0; slot < plan_.selected.size(); ++slot) {
    const SelectedRegion& selected = plan_.selected[slot];
    regions_.record(selected.region).set_live(0);
  }
  for (std::uint32_t slot = 0; slot < plan_.selected.size(); ++slot) {
    const SelectedRegion& selected = plan_.selected[slot];
    const auto row = plan_.pages.row(selected.fact);
    for (std::uint32_t page = 0; page < selected.used_pages; ++page) {
      if (!row[page].is_live()) continue;
      const Address old = plan_.geometry.start_of(selected.region) + std::size_t{page} * page_bytes;
      const RegionIndex now_in = plan_.geometry.region_of(forwarding_.forward_in_slot(slot, old));
      regions_.record(regions_.head_of(now_in)).add_live(row[page].live_bytes());
    }
  }
}

void Compaction::finish_sources() {
  for (std::uint32_t slot = 0; slot < plan_.selected.size(); ++slot) {
    const RegionIndex region = plan_.selected[slot].region;
    if (execution_->is_left(slot)) {
      regions_.return_to_live(region, RegionState::Forwarding);
      ++report_.regions_returned;
    } else {
      regions_.quarantine(region);
      ++report_.regions_freed;
    }
  }
  for (const SelectedRegion& selected : plan_.selected) {
    if (regions_.word(selected.region).kind() != RegionKind::LargeTail) {
      regions_.release_unswept(selected.region);
    }
  }
  regions_.sweep();  // once for all of them: where readers have joined, it may cost a process-wide barrier
}

AddressRange Compaction::used_range() const {
  const HeapGeometry& g = regions_.geometry();
  return {g.base, std::size_t{regions_.table().high_water()} << g.region_shift};
}

void Compaction::measure(std::uint64_t& resident, std::uint64_t& vmas) {
  const HeapGeometry& g = regions_.geometry();
  const Result<std::size_t> bytes = os::PageReader::open(kernel_).resident_bytes(used_range());
  if (bytes) resident = bytes.value();
  Result<os::VmaReader> reader = os::VmaReader::open(kernel_);
  if (!reader) return;
  const Result<std::size_t> count = reader.value().count_in(g.range());
  if (count) vmas = count.value();
}

Result<CompactionReport> Compaction::run() {
  measure(report_.resident_before, report_.vmas_before);
  report_.live_bytes = input_.marks.live_bytes(used_range());
  std::optional<Verifier> verifier;
  if (input_.verify && input_.embedder.visit_objects != nullptr) {
    Result<Verifier> made = Verifier::before(kernel_, input_.embedder);
    if (!made) return made.error();
    verifier.emplace(made.take());
    watch_.lap(report_.nanoseconds.verify);
  }
  watch_.restart();
  if (Result<void> gathered = gather(); !gathered) return gathered.error();
  if (Result<void> planned = make_plan(); !planned) return planned.error();
  if (Result<void> made = make_forwarding(); !made) return made.error();
  report_.regions_selected = static_cast<std::uint32_t>(plan_.selected.size());
  destinations_.adopt(plan_);
  enter_forwarding_states();
  watch_.lap(report_.nanoseconds.plan);

  execute();
  forwarding_.publish();
  if (verifier) verify(*verifier);
  fix_slots();
  count_live();
  report_.regions_filled = destinations_.finish(plan_, evacuator_);
  finish_sources();
  watch_.lap(report_.nanoseconds.release);
  measure(report_.resident_after, report_.vmas_after);
  return report_;
}

}  // namespace

Result<CompactionReport> Compactor::compact(const CompactionInput& input) {
  Compaction compaction(kernel_, regions_, evacuator_, costs_, input);
  Result<CompactionReport> report = compaction.run();
  if (!report) return report;
  CompactionReport& r = report.value();
  const std::uint64_t by_copy = r.moves.of(MoverKind::PageCopy).bytes;
  std::uint64_t by_runs = 0;
  for (const MoverCounts& counts : r.moves.movers) by_runs += counts.bytes;
  // What went home again counts as left; an engine moves before page copy is asked.
  const std::uint64_t home_by_engine = std::min(r.bytes_brought_back, by_runs - by_copy);
  r.bytes_moved_by_page = by_runs - by_copy - home_by_engine;
  r.bytes_copied += by_copy - (r.bytes_brought_back - home_by_engine);
  return report;
}

}  // namespace shunt
