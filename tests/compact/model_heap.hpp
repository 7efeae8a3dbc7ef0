// A heap with a plain model beside it: which objects live, how big they are and what is in them.
//
// Keeps true: what_is_wrong() is empty exactly when every object has its contents, its alignment and its
// place to itself, every region is Free, Live or Allocating, and the regions' live counts add up to the
// model's. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/heap.hpp"
#include "support/check.hpp"

namespace shunt::testing {

struct ModelObject {
  Handle handle{};
  std::size_t size = 0;
  std::size_t alignment = 0;
  std::uint64_t seed = 0;
};

class ModelHeap {
 public:
  ModelHeap(const HeapOptions& options, std::uint64_t seed,
            const os::SystemCalls& kernel = os::SystemCalls::real());
  // The engine that was asked for is the one that serves.
  bool has(EngineKind engine) const { return heap_.capabilities().supports(engine); }

  Heap& heap() { return heap_; }
  std::mt19937_64& random() { return random_; }
  std::vector<ModelObject>& objects() { return objects_; }
  Address address_of(std::size_t i) const { return heap_.address_of(objects_[i].handle); }

  bool try_add(std::size_t size, std::size_t alignment = 0);
  std::size_t add(std::size_t size, std::size_t alignment = 0);  // its index; fails the test when refused
  void refill(std::size_t i);  // writes the contents anew, where the object is now
  template <class Dies>
  void kill_if(Dies&& dies) {
    std::erase_if(objects_, [&](const ModelObject& o) {
      if (!dies(o)) return false;
      REQUIRE(heap_.release(o.handle));
      return true;
    });
  }
  // Small, medium and, now and then, aligned and large objects; then most of them die in stretches, so that
  // some pages stay dense and others do not.
  void churn(std::size_t count);

  Result<CompactionReport> try_compact(CompactOptions options = {});
  CompactionReport compact(const CompactOptions& options = {});
  std::string what_is_wrong();
  std::uint32_t used_regions();

 private:
  Heap heap_;
  std::unique_ptr<Mutator> mutator_;
  std::mt19937_64 random_;
  std::vector<ModelObject> objects_;
};

HeapOptions small_heap(EngineKind, std::size_t region_bytes = std::size_t{256} << 10);

inline constexpr EngineKind all_engines[] = {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy};

// Runs the body with each engine that this host has.
template <class Body>
void with_each_engine(Body&& body) {
  for (const EngineKind engine : all_engines) {
    INFO("engine " << std::string(engine_name(engine)) << ", seed " << test_seed());
    ModelHeap probe(small_heap(engine), test_seed());
    if (probe.has(engine)) body(engine);
  }
}

}  // namespace shunt::testing
