// Filling a heap from a seed, and looking at every object afterwards.
#include "compact/synthetic.hpp"

#include "base/check.hpp"
#include "contents.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint64_t seed = 2;  // of every heap of every cell
constexpr std::size_t smallest_object = 16;
constexpr std::size_t largest_object = 256;
// Handles for objects of 128 bytes on the average; they come to 144.
constexpr std::size_t bytes_a_handle = 128;

}  // namespace

HeapOptions Synthetic::options() const {
  HeapOptions options;
  options.maximum_bytes = 2 * cell_.heap_bytes + 64 * mebibyte;  // room for all destinations
  options.maximum_handles = static_cast<std::uint32_t>(cell_.heap_bytes / bytes_a_handle);
  return options;
}

std::size_t Synthetic::next_size() {
  if (cell_.shape == Shape::Pages) return page_bytes;
  return smallest_object + random_() % (largest_object - smallest_object + 1);
}

// Runs are at least one page long; with a mean of one page, live and dead pages take turns.
bool Synthetic::next_dies() {
  if (cell_.shape == Shape::Small) return random_() % 100 >= cell_.live_percent;
  if (left_in_run_ == 0) {
    std::geometric_distribution<std::size_t> beyond_first(1.0 / cell_.mean_run);
    in_dead_run_ = !in_dead_run_;
    left_in_run_ = 1 + (cell_.mean_run == 1 ? 0 : beyond_first(random_));
  }
  --left_in_run_;
  return in_dead_run_;
}

void Synthetic::fill(Heap& heap) {
  random_.seed(seed);
  left_in_run_ = 0;
  in_dead_run_ = false;
  Mutator mutator(heap.allocator());
  std::vector<Handle> doomed;
  std::size_t allocated = 0;
  for (std::uint64_t object = 0; allocated < cell_.heap_bytes; ++object) {
    const std::size_t size = next_size();
    const Result<Handle> handle = heap.allocate(mutator, size);
    SHUNT_CHECK(handle.ok() && handle.value().index == object, ==, true);
    const Address address = heap.address_of(handle.value());
    if (cell_.shape == Shape::Pages) SHUNT_CHECK(is_aligned(address, page_bytes), ==, true);
    demo::fill_object(address, 0, size, object);
    if (next_dies()) doomed.push_back(handle.value());
    allocated += align_up(size, heap.geometry().granule_bytes());
  }
  mutator.retire();
  expected_live_ = heap.handles().live_count() - doomed.size();
  for (const Handle handle : doomed) heap.release(handle);
}

std::uint64_t Synthetic::damaged(Heap& heap) const {
  std::uint64_t whole = 0;
  std::uint64_t seen = 0;
  const HandleTable& handles = heap.handles();
  handles.for_each_live([&](Handle handle, const HandleTarget& target) {
    ++seen;
    if (!heap.geometry().contains(target.address)) return;
    const std::uint64_t found = demo::digest_of(target.address, target.size);
    whole += found == demo::expected_digest(target.size, handle.index);
  });
  return std::max(seen, expected_live_) - whole;
}

}  // namespace shunt::bench
