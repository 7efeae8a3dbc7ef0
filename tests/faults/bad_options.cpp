// Options out of range, at the heap's door and at those of its parts.
#include <cstdlib>

#include "faults/bad_input.hpp"

namespace shunt::testing {
namespace {

std::string open_with(const std::function<void(HeapOptions&)>& change) {
  HeapOptions options = small_heap(EngineKind::Copy);
  change(options);
  Heap heap(os::SystemCalls::real(), options);
  const std::string words = words_of(heap.open());
  return heap.is_open() && words != "accepted" ? "open in spite of: " + words : words;
}

std::string reserve_with(std::size_t bytes, std::size_t minimum, std::size_t alignment) {
  os::ReservationRequest request;
  request.bytes = bytes;
  request.minimum_bytes = minimum;
  request.alignment = alignment;
  return words_of(os::Reservation::reserve(os::SystemCalls::real(), request));
}

std::string open_space(const HeapGeometry& geometry) {
  return words_of(RegionSpace::open(os::SystemCalls::real(), geometry));
}

std::string read_engine(const char* name) {
  const char* before = std::getenv(engine_variable);
  const std::string kept = before != nullptr ? before : "";
  ::setenv(engine_variable, name, 1);
  const std::string words = words_of(with_environment({}));
  before != nullptr ? ::setenv(engine_variable, kept.c_str(), 1) : ::unsetenv(engine_variable);
  return words;
}

BadInput heap(std::string name, std::function<void(HeapOptions&)> change, std::string says) {
  return {std::move(name), [change = std::move(change)](ModelHeap&) { return open_with(change); },
          std::move(says)};
}

BadInput space(std::string name, HeapGeometry geometry, std::string says) {
  return {std::move(name), [geometry](ModelHeap&) { return open_space(geometry); }, std::move(says)};
}

std::vector<BadInput> heap_options() {
  constexpr std::size_t kib = 1024;
  return {
      heap(
          "regions of 0 bytes", [](HeapOptions& o) { o.region_bytes = 0; }, "256 KiB to 32 MiB"),
      heap(
          "regions of 128 KiB", [](HeapOptions& o) { o.region_bytes = 128 * kib; }, "256 KiB to 32 MiB"),
      heap(
          "regions of 64 MiB", [](HeapOptions& o) { o.region_bytes = 64 * kib * kib; }, "256 KiB to 32 MiB"),
      heap(
          "regions of 300 KiB", [](HeapOptions& o) { o.region_bytes = 300 * kib; }, "a power of two"),
      heap(
          "regions of SIZE_MAX", [](HeapOptions& o) { o.region_bytes = SIZE_MAX; }, "a power of two"),
      heap(
          "granules of 0", [](HeapOptions& o) { o.granule_bytes = 0; }, "8 or 16"),
      heap(
          "granules of 32", [](HeapOptions& o) { o.granule_bytes = 32; }, "8 or 16"),
      heap(
          "a heap of 0 bytes", [](HeapOptions& o) { o.maximum_bytes = 0; }, "at least one region"),
      heap(
          "a heap of half a region", [](HeapOptions& o) { o.maximum_bytes = o.region_bytes / 2; },
          "at least one region"),
      heap(
          "a heap of SIZE_MAX", [](HeapOptions& o) { o.maximum_bytes = SIZE_MAX; }, "at most 16 TiB"),
      heap(
          "a minimum above the maximum", [](HeapOptions& o) { o.minimum_bytes = o.maximum_bytes + 1; },
          "at most maximum_bytes"),
      heap(
          "no handles", [](HeapOptions& o) { o.maximum_handles = 0; }, "1 to 2^32 - 2"),
      heap(
          "2^32 - 1 handles", [](HeapOptions& o) { o.maximum_handles = 0xFFFF'FFFF; }, "1 to 2^32 - 2"),
      heap(
          "an engine that is none", [](HeapOptions& o) { o.engine = static_cast<EngineKind>(9); },
          "Relocate, Remap or Copy"),
      heap(
          "a huge page advice that is none",
          [](HeapOptions& o) { o.huge_pages = static_cast<os::HugePageAdvice>(9); },
          "Default, Always or Never"),
      heap(
          "more VMAs than there can be", [](HeapOptions& o) { o.vma_budget = SIZE_MAX; }, "accepted"),
  };
}

}  // namespace

std::vector<BadInput> bad_options() {
  std::vector<BadInput> table = heap_options();
  const Address base{std::uintptr_t{1} << 44};
  table.push_back(space("region shift 17", {base, 17, 4, 8}, "18 (256 KiB) to 25"));
  table.push_back(space("region shift 26", {base, 26, 4, 8}, "18 (256 KiB) to 25"));
  table.push_back(space("granule shift 2", {base, 21, 2, 8}, "3 (8 bytes) or 4"));
  table.push_back(space("no regions", {base, 21, 4, 0}, "1 to 2^28 - 1"));
  table.push_back(space("2^28 regions", {base, 21, 4, 1u << 28}, "1 to 2^28 - 1"));
  table.push_back(
      space("a base within a region", {base + page_bytes, 21, 4, 8}, "aligned to the region size"));
  const auto reserve = [&](const char* name, std::size_t bytes, std::size_t minimum, std::size_t alignment,
                           const char* says) {
    table.push_back({name, [=](ModelHeap&) { return reserve_with(bytes, minimum, alignment); }, says});
  };
  reserve("a reservation of nothing", 0, 0, page_bytes, "at least one byte");
  reserve("a reservation of SIZE_MAX", SIZE_MAX, 0, page_bytes, "less than 2^64");
  reserve("a reservation at an alignment of 3", page_bytes, 0, 3, "a power of two");
  reserve("a reservation at an alignment of 0", page_bytes, 0, 0, "a power of two");
  reserve("a reservation whose minimum is above it", page_bytes, 2 * page_bytes, page_bytes,
          "must not be above");
  const auto map_table = [](std::uint32_t n) {
    return words_of(HandleTable::open(os::SystemCalls::real(), n));
  };
  table.push_back({"a handle table of 0", [=](ModelHeap&) { return map_table(0); }, "1 to 2^32 - 2"});
  table.push_back(
      {"a handle table of 2^32 - 1", [=](ModelHeap&) { return map_table(0xFFFF'FFFF); }, "1 to 2^32 - 2"});
  table.push_back(
      {"SHUNT_ENGINE=fast", [](ModelHeap&) { return read_engine("fast"); }, "relocate, remap or copy"});
  table.push_back({"SHUNT_ENGINE=RELOCATE", [](ModelHeap&) { return read_engine("RELOCATE"); },
                   "relocate, remap or copy"});
  return table;
}

}  // namespace shunt::testing
