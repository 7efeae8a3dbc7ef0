// Compaction of a heap of handles against a plain model: contents, forwarding, regions and memory.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "runtime/heap.hpp"
#include "support/check.hpp"

using namespace shunt;

namespace {

struct Object {
  Handle handle;
  std::size_t size;
  std::size_t alignment;
  std::uint64_t seed;
};

void fill(Address a, std::size_t size, std::uint64_t seed) {
  auto* bytes = pointer_to<unsigned char>(a);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>((seed >> (i % 8 * 8)) + i / 8);
}

bool matches(Address a, std::size_t size, std::uint64_t seed) {
  const auto* bytes = pointer_to<const unsigned char>(a);
  for (std::size_t i = 0; i < size; ++i) {
    if (bytes[i] != static_cast<unsigned char>((seed >> (i % 8 * 8)) + i / 8)) return false;
  }
  return true;
}

class Model {
 public:
  Model(Heap& heap, std::uint64_t seed)
      : heap_(heap), mutator_(std::make_unique<Mutator>(heap.allocator())), random_(seed) {}

  bool add(std::size_t size, std::size_t alignment = 0) {
    const Result<Handle> handle = heap_.allocate(*mutator_, size, alignment);
    if (!handle) return false;
    objects_.push_back({handle.value(), size, alignment, random_()});
    fill(heap_.address_of(handle.value()), size, objects_.back().seed);
    return true;
  }
  void kill_if(auto&& dies) {
    std::erase_if(objects_, [&](const Object& o) {
      if (!dies(o)) return false;
      REQUIRE(heap_.release(o.handle));
      return true;
    });
  }
  void check() {
    std::size_t bad = 0;
    std::vector<std::pair<Address, std::size_t>> places;
    for (const Object& o : objects_) {
      const Address a = heap_.address_of(o.handle);
      bad += !matches(a, o.size, o.seed);
      if (o.alignment != 0) bad += !is_aligned(a, o.alignment);
      places.emplace_back(a, o.size);
    }
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i)
      bad += places[i - 1].first + places[i - 1].second > places[i].first;
    CHECK(bad == 0);
  }
  CompactionReport compact(CompactOptions options = {}) {
    mutator_->retire();
    options.verify = true;
    Result<CompactionReport> report = heap_.compact(options);
    REQUIRE(report.ok());
    CHECK(report.value().objects_verified == objects_.size());
    CHECK(report.value().objects_damaged == 0);
    return report.value();
  }
  std::size_t live_regions() const {
    const RegionStatistics s = heap_.regions().statistics();
    return s.in(RegionState::Live) + s.in(RegionState::Allocating);
  }
  std::mt19937_64& random() { return random_; }
  std::vector<Object>& objects() { return objects_; }
  Mutator& mutator() { return *mutator_; }

 private:
  Heap& heap_;
  std::unique_ptr<Mutator> mutator_;
  std::mt19937_64 random_;
  std::vector<Object> objects_;
};

HeapOptions options_for(EngineKind engine) {
  HeapOptions options;
  options.maximum_bytes = std::size_t{4} << 30;
  options.engine = engine;
  options.calibrate = false;
  return options;
}

bool supported(const Heap& heap, EngineKind engine) { return heap.capabilities().supports(engine); }

constexpr EngineKind engines[] = {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy};

}  // namespace

TEST_CASE("random objects with random lives keep their contents over many compactions, with each engine") {
  for (const EngineKind engine : engines) {
    for (const std::size_t region : {std::size_t{256} << 10, std::size_t{2} << 20, std::size_t{8} << 20}) {
      const std::uint64_t seed = testing::test_seed() + region;
      INFO("seed " << seed << " engine " << engine_name(engine) << " region " << region);
      HeapOptions options = options_for(engine);
      options.region_bytes = region;
      Heap heap(os::SystemCalls::real(), options);
      REQUIRE(heap.open().ok());
      if (!supported(heap, engine)) continue;
      Model model(heap, seed);
      for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 1500; ++i) {
          const auto shape = model.random()() % 100;
          std::size_t size = 16 + model.random()() % 500;
          std::size_t alignment = 0;
          if (shape < 3) size = 40'000 + model.random()() % 100'000;
          if (shape == 3) size = region / 2 + model.random()() % (2 * region);
          if (shape == 4) alignment = std::size_t{64} << (model.random()() % 6);
          if (shape == 5) size = page_bytes << (model.random()() % 4);
          REQUIRE(model.add(size, alignment));
        }
        const std::uint64_t survival = 10 + model.random()() % 80;
        model.kill_if([&](const Object&) { return model.random()() % 100 >= survival; });
        const CompactionReport report = model.compact();
        model.check();
        CHECK(report.resident_after <= report.resident_before);
        CHECK(report.regions_returned == 0);
      }
      model.kill_if([](const Object&) { return true; });
      model.compact();
      CHECK(model.live_regions() == 0);
      CHECK(heap.regions().statistics().live_bytes == 0);
    }
  }
}
