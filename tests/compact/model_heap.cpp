// Contents by word, checks by sorting.
#include "model_heap.hpp"

#include <algorithm>
#include <cstring>

namespace shunt::testing {
namespace {

std::uint64_t word_at(std::uint64_t seed, std::size_t i) { return (seed + i) * 0x9E37'79B9'7F4A'7C15; }

void write_contents(Address a, const ModelObject& o) {
  auto* bytes = pointer_to<unsigned char>(a);
  std::size_t i = 0;
  for (; i + 8 <= o.size; i += 8) {
    const std::uint64_t word = word_at(o.seed, i);
    std::memcpy(bytes + i, &word, 8);
  }
  const std::uint64_t word = word_at(o.seed, i);
  std::memcpy(bytes + i, &word, o.size - i);
}

bool has_contents(Address a, const ModelObject& o) {
  const auto* bytes = pointer_to<const unsigned char>(a);
  std::size_t i = 0;
  for (; i + 8 <= o.size; i += 8) {
    std::uint64_t found;
    std::memcpy(&found, bytes + i, 8);
    if (found != word_at(o.seed, i)) return false;
  }
  const std::uint64_t word = word_at(o.seed, i);
  return std::memcmp(bytes + i, &word, o.size - i) == 0;
}

}  // namespace

HeapOptions small_heap(EngineKind engine, std::size_t region_bytes) {
  HeapOptions options;
  options.maximum_bytes = region_bytes * 256;
  options.region_bytes = region_bytes;
  options.engine = engine;
  options.calibrate = false;
  return options;
}

ModelHeap::ModelHeap(const HeapOptions& options, std::uint64_t seed, const os::SystemCalls& kernel)
    : heap_(kernel, options), random_(seed) {
  REQUIRE(heap_.open().ok());
  mutator_ = std::make_unique<Mutator>(heap_.allocator());
}

bool ModelHeap::try_add(std::size_t size, std::size_t alignment) {
  const Result<Handle> handle = heap_.allocate(*mutator_, size, alignment);
  if (!handle) return false;
  objects_.push_back({handle.value(), size, alignment, random_()});
  refill(objects_.size() - 1);
  return true;
}

std::size_t ModelHeap::add(std::size_t size, std::size_t alignment) {
  REQUIRE(try_add(size, alignment));
  return objects_.size() - 1;
}

void ModelHeap::refill(std::size_t i) { write_contents(address_of(i), objects_[i]); }

void ModelHeap::churn(std::size_t count) {
  const std::size_t region = heap_.geometry().region_bytes();
  for (std::size_t i = 0; i < count; ++i) {
    const auto shape = random_() % 100;
    if (shape < 40)
      add(16 + random_() % 200);
    else if (shape < 80)
      add(1000 + random_() % 9000);
    else if (shape < 95)
      add(33'000 + random_() % 60'000);
    else if (shape < 98)
      add(100 + random_() % 5000, std::size_t{64} << (random_() % 6));
    else
      add(region / 2 + random_() % (2 * region));
  }
  bool dies = false;
  kill_if([&](const ModelObject&) {
    if (random_() % 12 == 0) dies = random_() % 3 != 0;
    return dies;
  });
}

Result<CompactionReport> ModelHeap::try_compact(CompactOptions options) {
  mutator_->retire();
  options.verify = true;
  return heap_.compact(options);
}

CompactionReport ModelHeap::compact(const CompactOptions& options) {
  const Result<CompactionReport> report = try_compact(options);
  REQUIRE(report.ok());
  CHECK(report.value().objects_verified == objects_.size());
  CHECK(report.value().objects_damaged == 0);
  CHECK(what_is_wrong() == "");
  return report.value();
}

std::string ModelHeap::what_is_wrong() {
  mutator_->retire();
  std::uint64_t live = 0;
  std::vector<AddressRange> places;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const ModelObject& o = objects_[i];
    const Address a = address_of(i);
    const std::string which = "object " + std::to_string(i) + " of " + std::to_string(o.size) + " bytes: ";
    if (!heap_.geometry().range().contains(AddressRange{a, o.size})) return which + "outside of the heap";
    if (!has_contents(a, o)) return which + "wrong contents";
    if (o.alignment != 0 && !is_aligned(a, o.alignment)) return which + "not aligned";
    const std::size_t bytes = classify(heap_.geometry(), o.size, o.alignment).bytes;
    live += bytes;
    places.push_back({a, bytes});
  }
  std::ranges::sort(places, {}, &AddressRange::start);
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i - 1].overlaps(places[i])) return "objects overlap";
  }
  const RegionStatistics s = heap_.regions().statistics();
  for (const RegionState state : {RegionState::Selected, RegionState::Forwarding, RegionState::Quarantined}) {
    if (s.in(state) != 0)
      return std::to_string(s.in(state)) + " regions in state " + std::to_string(int(state));
  }
  if (s.live_bytes != live)
    return std::to_string(s.live_bytes) + " bytes live instead of " + std::to_string(live);
  return {};
}

std::uint32_t ModelHeap::used_regions() {
  const RegionStatistics s = heap_.regions().statistics();
  return s.in(RegionState::Live) + s.in(RegionState::Allocating);
}

}  // namespace shunt::testing
