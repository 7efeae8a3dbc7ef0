// A heap with precise roots as handles: everything from reservation to compaction, owned by one object.
//
// Allocates through Mutators, names objects by handles, and compacts stop-the-world: the caller makes sure
// that no other thread uses the heap or the memory in it while compact() runs, and that every Mutator has
// retired. Keeps true: Shunt's own tables live outside the heap and outside malloc (invariant 5); nothing
// outside the heap's own reservation is ever mapped over or unmapped (invariant 4). Not for embedding
// language runtimes yet: objects' references among themselves are the embedder's to visit.
#pragma once

#include <optional>
#include <string_view>

#include "base/engine_kind.hpp"
#include "compact/compactor.hpp"
#include "os/capabilities.hpp"
#include "os/reservation.hpp"
#include "runtime/allocator.hpp"
#include "runtime/handle_table.hpp"
#include "runtime/mutator.hpp"

namespace shunt {

struct HeapOptions {
  std::size_t maximum_bytes = std::size_t{64} << 30;  // address space, a multiple of the region size
  std::size_t minimum_bytes = 0;  // accept less address space, down to this; 0: all or nothing
  std::size_t region_bytes = std::size_t{2} << 20;  // a power of two from 256 KiB to 32 MiB
  std::size_t granule_bytes = 16;                   // 8 or 16: alignment of the smallest objects
  std::uint32_t maximum_handles = std::uint32_t{1} << 24;
  std::optional<EngineKind> engine{};  // empty: the best there is, and the chooser decides run by run
  os::HugePageAdvice huge_pages = os::HugePageAdvice::Default;
  std::size_t vma_budget = 0;  // for the remapping engine; 0: half of what is free
  // Rewrite the most fragmented stretches by copying when the VMA budget runs short. Off where devices write
  // to pages of the heap: a copy parts a page from its writer.
  bool heal = true;
  bool calibrate = true;
};

// SHUNT_ENGINE=relocate|remap|copy as options.engine. Error: any other value, with advice that names these.
// Reads the environment: call it where the process starts, not beside setenv().
Result<HeapOptions> with_environment(HeapOptions options);

struct HeapStatistics {
  RegionStatistics regions{};
  EpochStatistics epochs{};  // who reads, what waits for whom
};

struct CompactOptions {
  Goal goal{};
  bool verify = false;             // deep verification of every object (reads the live heap twice)
  Evacuator* evacuator = nullptr;  // other effects than the page mover's: for baselines
  const CostModel* costs =
      nullptr;  // what the plan goes by instead of this heap's own: the same plan for baselines
};

class Heap {
 public:
  Heap(const os::SystemCalls&, const HeapOptions&);
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap();

  // Call once, before anything else. Errors: options out of range (the advice says the range), no address
  // space, no memory for tables; nothing is held then, and open() may be tried again. On a heap that is open:
  // an Error, and nothing changes. A few milliseconds: the probe of what the kernel can do, and calibration.
  Result<void> open();

  // Until then the heap has no objects: allocate() and compact() answer with an Error, release() and pin()
  // with false, address_of() with null, and whoever asks for its parts breaks the contract (SHUNT_CHECK).
  bool is_open() const { return mover_.has_value(); }

  // A thread's own allocator; the heap must outlive it.
  Allocator& allocator() { return part(allocator_); }

  // A new object of `size` bytes and a handle that names it. Contents: zeros. `alignment` 0 or a power of two
  // up to the region size. Errors: out of regions or handles, absurd sizes, another
  // heap's Mutator; nothing is taken then.
  // Thread-safe with a Mutator a thread.
  Result<Handle> allocate(Mutator&, std::size_t size, std::size_t alignment = 0);
  // The object dies. False for a handle that names nothing (released twice, stale). A region in which nothing
  // lives any more gives its memory back at once. Thread-safe.
  bool release(Handle);
  // Where the object is now, null for a handle that names nothing. Good until the next compaction.
  // Thread-safe.
  Address address_of(Handle) const;
  std::size_t size_of(Handle) const;

  // Objects of this object's region stay where they are until unpin(). Pins nest and are the region's: unpin
  // before release(), or the region stays pinned. False: not a live handle.
  bool pin(Handle);
  bool unpin(Handle);

  // Marks what the handles name, plans, moves, fixes the handles and the embedder's slots. Errors: a goal out
  // of range (goal.hpp), no memory for the plan; the heap is then as it was. See CompactionReport for what
  // was done.
  Result<CompactionReport> compact(const CompactOptions&, const Embedder& embedder);
  Result<CompactionReport> compact(const CompactOptions& options) { return compact(options, Embedder{}); }

  // For threads that look at the heap without a lock: a tool, a barrier of the embedder's. Each joins once,
  // with a name for the statistics, and holds an EpochGuard while it uses what it found: the regions that it
  // found references into are not reused meanwhile. The heap must outlive the reader. Thread-safe; error:
  // 4096 readers. In a child of fork: epochs().part_all_but() first.
  Result<EpochReader> join_readers(std::string_view name) { return epochs().join(name); }
  Epochs& epochs() { return regions().epochs(); }
  // A snapshot region by region. O(regions below the high-water mark + readers). Thread-safe.
  HeapStatistics statistics() const {
    SHUNT_CHECK(is_open(), ==, true);
    return {regions_->statistics(), regions_->epoch_statistics()};
  }

  const HeapGeometry& geometry() const { return geometry_; }
  RegionSpace& regions() { return part(regions_); }
  HandleTable& handles() { return part(handles_); }
  PageMover& page_mover() { return part(mover_); }
  const os::Capabilities& capabilities() const { return capabilities_; }
  const os::ReservationReport& reservation_report() const { return reservation_report_; }
  MarkBitmap marks() const;  // as of the last compaction's marking
  // Marks what the handles name, and nothing else. What compact() does first; for heap maps.
  void mark_live_objects();

 private:
  template <class T>
  T& part(std::optional<T>& opened) {
    SHUNT_CHECK(is_open(), ==, true);
    return *opened;
  }
  Result<void> check_options() const;
  Result<void> check_goal(const Goal&) const;
  Result<void> reserve();
  Result<void> open_tables();
  bool give_back(RegionIndex head);
  bool give_back_empty_regions();

  os::SystemCalls kernel_;
  HeapOptions options_;
  os::Capabilities capabilities_{};
  os::Reservation reservation_{};
  os::ReservationReport reservation_report_{};
  HeapGeometry geometry_{};
  std::optional<RegionSpace> regions_{};
  std::optional<Allocator> allocator_{};
  std::optional<HandleTable> handles_{};
  std::optional<PageMover> mover_{};
  os::MetadataMemory mark_words_{};
  os::MetadataMemory start_words_{};
};

}  // namespace shunt
