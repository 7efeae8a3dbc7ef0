// Opening, allocating, releasing, and marking from handles before a compaction.
#include "runtime/heap.hpp"

#include <cstdlib>

#include "base/clock.hpp"
#include "move/page_contents.hpp"

namespace shunt {
namespace {

constexpr std::size_t smallest_region = std::size_t{256} << 10;
constexpr std::size_t largest_region = std::size_t{32} << 20;

constexpr Error not_open{"using a heap", 0, "open() it first, and go on only when that succeeded"};

bool is_power_of_two(std::size_t n) { return n != 0 && (n & (n - 1)) == 0; }

unsigned shift_of(std::size_t power_of_two) { return static_cast<unsigned>(std::countr_zero(power_of_two)); }

// The heap's own roots are fixed first, then the embedder's slots: one callback for the compactor.
struct Roots {
  HandleTable& handles;
  const Embedder& embedder;

  static void fix(void* context, SlotFixer& fixer) {
    auto& self = *static_cast<Roots*>(context);
    self.handles.rewrite_addresses([&](Address old) {
      fixer.fix(old);
      return old;
    });
    if (self.embedder.fix_slots != nullptr) self.embedder.fix_slots(self.embedder.context, fixer);
  }
  static void visit(void* context, ObjectVisitor& visitor) {
    auto& self = *static_cast<Roots*>(context);
    self.handles.for_each_live([&](Handle, const HandleTarget& t) { visitor.visit(t.address, t.size); });
    if (self.embedder.visit_objects != nullptr) self.embedder.visit_objects(self.embedder.context, visitor);
  }
};

}  // namespace

Result<HeapOptions> with_environment(HeapOptions options) {
  const char* wanted = std::getenv(engine_variable);  // NOLINT(concurrency-mt-unsafe): documented
  if (wanted == nullptr || *wanted == '\0') return options;
  const Result<EngineKind> engine = parse_engine(wanted);
  if (!engine) return engine.error();
  options.engine = engine.value();
  return options;
}

Heap::Heap(const os::SystemCalls& kernel, const HeapOptions& options) : kernel_(kernel), options_(options) {}
Heap::~Heap() = default;

Result<void> Heap::check_options() const {
  const HeapOptions& o = options_;
  if (!is_power_of_two(o.region_bytes) || o.region_bytes < smallest_region ||
      o.region_bytes > largest_region) {
    return Error{"opening a heap: region_bytes", 0, "a power of two from 256 KiB to 32 MiB"};
  }
  if (o.granule_bytes != 8 && o.granule_bytes != 16)
    return Error{"opening a heap: granule_bytes", 0, "8 or 16"};
  if (o.maximum_bytes < o.region_bytes || o.maximum_bytes > std::size_t{16} << 40) {
    return Error{"opening a heap: maximum_bytes", 0, "at least one region and at most 16 TiB"};
  }
  if (o.minimum_bytes > o.maximum_bytes)
    return Error{"opening a heap: minimum_bytes", 0, "at most maximum_bytes"};
  if (o.maximum_handles == 0 || o.maximum_handles == 0xFFFF'FFFF)
    return Error{"opening a heap: maximum_handles", 0, "1 to 2^32 - 2"};
  if (o.engine && *o.engine > EngineKind::Copy)
    return Error{"opening a heap: engine", 0, "Relocate, Remap or Copy, or empty"};
  if (o.huge_pages > os::HugePageAdvice::Never)
    return Error{"opening a heap: huge_pages", 0, "Default, Always or Never"};
  return {};
}

// Comparisons that a NaN fails, too.
Result<void> Heap::check_goal(const Goal& goal) const {
  if (!(goal.waste_allowance >= 0 && goal.waste_allowance <= 1))
    return Error{"compacting: goal.waste_allowance", 0, "a share from 0 to 1"};
  if (!(goal.dense_enough >= 0))
    return Error{"compacting: goal.dense_enough", 0, "a share from 0 on; above 1 no region is"};
  if (goal.contiguous_regions > geometry_.region_count)
    return Error{"compacting: goal.contiguous_regions", 0, "at most the heap's regions"};
  return {};
}

Result<void> Heap::open() {
  if (is_open()) return Error{"opening a heap", 0, "it is open already: make another Heap"};
  if (Result<void> checked = check_options(); !checked) return checked;
  Result<void> opened = reserve();
  if (opened) opened = open_tables();
  if (!opened) reservation_ = os::Reservation{};
  return opened;
}

Result<void> Heap::reserve() {
  os::ReservationRequest request;
  request.bytes = align_down(options_.maximum_bytes, options_.region_bytes);
  request.minimum_bytes = options_.minimum_bytes;
  request.alignment = std::max(options_.region_bytes, huge_page_bytes);
  request.huge_pages = options_.huge_pages;
  Result<os::Reservation> reserved = os::Reservation::reserve(kernel_, request, &reservation_report_);
  if (!reserved) return reserved.error();
  reservation_ = reserved.take();
  if (reservation_.needs_commit()) {
    if (Result<void> committed = reservation_.commit(reservation_.range()); !committed) return committed;
  }
  geometry_.base = reservation_.range().start;
  geometry_.region_shift = shift_of(options_.region_bytes);
  geometry_.granule_shift = shift_of(options_.granule_bytes);
  geometry_.region_count = static_cast<std::uint32_t>(reservation_.range().bytes >> geometry_.region_shift);
  return {};
}

Result<void> Heap::open_tables() {
  Result<RegionSpace> regions = RegionSpace::open(kernel_, geometry_);
  if (!regions) return regions.error();
  Result<HandleTable> handles = HandleTable::open(kernel_, options_.maximum_handles);
  if (!handles) return handles.error();
  const std::size_t bitmap_bytes = MarkBitmap::words_needed(geometry_) * sizeof(std::uint64_t);
  Result<os::MetadataMemory> marks = os::MetadataMemory::map(kernel_, bitmap_bytes);
  if (!marks) return marks.error();
  Result<os::MetadataMemory> starts = os::MetadataMemory::map(kernel_, bitmap_bytes);
  if (!starts) return starts.error();
  regions_.emplace(regions.take());
  handles_.emplace(handles.take());
  mark_words_ = marks.take();
  start_words_ = starts.take();
  allocator_.emplace(*regions_);
  capabilities_ = os::probe_capabilities(kernel_, os::ProbeScope::Movers);
  PageMoverOptions moving;
  moving.engine = options_.engine;
  moving.vma_budget = options_.vma_budget;
  moving.heal = options_.heal;
  moving.advice.huge_pages = options_.huge_pages;
  moving.calibrate = options_.calibrate;
  mover_.emplace(kernel_, reservation_.range(), moving);
  mover_->open(capabilities_);
  return {};
}

Result<Handle> Heap::allocate(Mutator& mutator, std::size_t size, std::size_t alignment) {
  if (!is_open()) return not_open;
  if (!mutator.allocates_from(*allocator_))
    return Error{"allocate", 0, "use a Mutator that was made from this heap's allocator()"};
  Allocation allocation = mutator.allocate(size, alignment);
  if (allocation.refusal == Refusal::OutOfRegions && give_back_empty_regions()) {
    allocation = mutator.allocate(size, alignment);
  }
  if (!allocation) return error_of(allocation);
  Result<Handle> handle = handles_->create({allocation.address, size, alignment});
  if (!handle && allocator_->release(allocation.address, size, alignment)) {
    give_back(regions_->head_of(geometry_.region_of(allocation.address)));
  }
  return handle;
}

bool Heap::give_back(RegionIndex head) {
  const std::uint32_t span = regions_->region_span(head);
  if (!regions_->quarantine_if_empty(head)) return false;
  release_range(kernel_, {geometry_.start_of(head), std::size_t{span} << geometry_.region_shift});
  regions_->release(head);
  return true;
}

// Those that were emptied while they were still being allocated into: no release saw them empty.
bool Heap::give_back_empty_regions() {
  bool any = false;
  regions_->for_each_empty([&](RegionIndex head) { any |= give_back(head); });
  return any;
}

bool Heap::release(Handle handle) {
  const std::optional<HandleTarget> target = is_open() ? handles_->release(handle) : std::nullopt;
  if (!target) return false;
  if (allocator_->release(target->address, target->size, target->alignment)) {
    give_back(regions_->head_of(geometry_.region_of(target->address)));
  }
  return true;
}

Address Heap::address_of(Handle handle) const {
  const std::optional<HandleTarget> target = is_open() ? handles_->resolve(handle) : std::nullopt;
  return target ? target->address : Address::null;
}

std::size_t Heap::size_of(Handle handle) const {
  const std::optional<HandleTarget> target = is_open() ? handles_->resolve(handle) : std::nullopt;
  return target ? target->size : 0;
}

bool Heap::pin(Handle handle) {
  const Address address = address_of(handle);
  return address != Address::null && regions_->table().pin(geometry_.region_of(address)) == PinOutcome::Done;
}

bool Heap::unpin(Handle handle) {
  const Address address = address_of(handle);
  return address != Address::null &&
         regions_->table().unpin(geometry_.region_of(address)) == PinOutcome::Done;
}

MarkBitmap Heap::marks() const { return MarkBitmap(geometry_, mark_words_.as_array<std::uint64_t>()); }

// What an object takes is marked, not what was asked for, so that marks and the regions' live counts agree.
// No other thread uses the heap meanwhile, so plain stores will do.
void Heap::mark_live_objects() {
  mark_words_.clear();
  start_words_.clear();
  MarkBitmap marked = marks();
  const std::span<std::uint64_t> starts = start_words_.as_array<std::uint64_t>();
  handles_->for_each_live([&](Handle, const HandleTarget& target) {
    marked.mark_alone({target.address, bytes_taken(geometry_, target.size, target.alignment)});
    const std::uint64_t granule = geometry_.granule_of(target.address);
    starts[granule / 64] |= std::uint64_t{1} << (granule % 64);
  });
}

Result<CompactionReport> Heap::compact(const CompactOptions& options, const Embedder& embedder) {
  if (!is_open()) return not_open;
  if (Result<void> checked = check_goal(options.goal); !checked) return checked.error();
  allocator_->retire_open_regions();
  give_back_empty_regions();  // they can be destinations then
  const std::uint64_t start = nanoseconds_now();
  mark_live_objects();
  const std::uint64_t marked = nanoseconds_now();
  Roots roots{*handles_, embedder};
  PageEvacuator own(kernel_, *mover_);
  CompactionInput input{marks(), start_words_.as_array<const std::uint64_t>()};
  input.embedder = {&roots, &Roots::fix, &Roots::visit};
  input.goal = options.goal;
  input.verify = options.verify;
  Compactor compactor(kernel_, *regions_, options.evacuator != nullptr ? *options.evacuator : own,
                      options.costs != nullptr ? *options.costs : mover_->chooser().corrected_costs(0));
  Result<CompactionReport> report = compactor.compact(input);
  if (!report) return report;
  report.value().engine = mover_->engine_kind();
  report.value().nanoseconds.mark = marked - start;
  return report;
}

}  // namespace shunt
