// What may be asked of a heap wrongly: sizes, alignments, handles, goals, and the wrong time.
#include <cmath>

#include "faults/bad_input.hpp"

namespace shunt::testing {
namespace {

std::string allocate(ModelHeap& model, std::size_t size, std::size_t alignment) {
  Mutator mutator(model.heap().allocator());
  return words_of(model.heap().allocate(mutator, size, alignment));
}

// Size 0 is a size: one byte's worth, with a handle of its own.
std::string allocate_nothing(ModelHeap& model) {
  Mutator mutator(model.heap().allocator());
  const Result<Handle> handle = model.heap().allocate(mutator, 0);
  if (!handle) return words_of(handle);
  const bool named =
      model.heap().address_of(handle.value()) != Address::null && model.heap().size_of(handle.value()) == 0;
  return named && model.heap().release(handle.value()) ? "taken and released" : "taken, and no good";
}

std::string release(ModelHeap& model, Handle handle) {
  return model.heap().release(handle) ? "accepted" : "names nothing";
}

std::string release_twice(ModelHeap& model) {
  Mutator mutator(model.heap().allocator());
  const Handle handle = model.heap().allocate(mutator, 64).value();
  if (!model.heap().release(handle)) return "the first release was refused";
  if (model.heap().address_of(handle) != Address::null || model.heap().size_of(handle) != 0)
    return "still named";
  return release(model, handle);
}

std::string pin(ModelHeap& model, Handle handle) {
  if (model.heap().pin(handle) || model.heap().unpin(handle)) return "accepted";
  return "names nothing";
}

std::string unpin_unpinned(ModelHeap& model) {
  return model.heap().unpin(model.objects()[0].handle) ? "accepted" : "not pinned";
}

std::string use_another_heaps_mutator(ModelHeap& model) {
  Heap other(os::SystemCalls::real(), small_heap(EngineKind::Copy));
  if (!other.open()) return "no second heap";
  Mutator mutator(other.allocator());
  return words_of(model.heap().allocate(mutator, 64));
}

std::string compact(ModelHeap& model, const Goal& goal) {
  CompactOptions options;
  options.goal = goal;
  return words_of(model.heap().compact(options));
}

Goal goal_with(double Goal::*share, double number) {
  Goal goal;
  goal.*share = number;
  return goal;
}

Goal goal_of_window(std::uint32_t regions) {
  Goal goal;
  goal.contiguous_regions = regions;
  return goal;
}

// Each answer in a row: all of them have to say that the heap is not open.
std::string use_before_open(ModelHeap& model) {
  Heap closed(os::SystemCalls::real(), small_heap(EngineKind::Copy));
  Mutator mutator(model.heap().allocator());
  const Handle handle = model.objects()[0].handle;
  if (closed.is_open() || closed.release(handle) || closed.pin(handle) || closed.unpin(handle))
    return "accepted";
  if (closed.address_of(handle) != Address::null || closed.size_of(handle) != 0) return "named something";
  const std::string compacted = words_of(closed.compact({}));
  return words_of(closed.allocate(mutator, 64)) == compacted ? compacted : "two different answers";
}

std::string open_twice(ModelHeap& model) { return words_of(model.heap().open()); }

std::string open_after_failure(ModelHeap&) {
  HeapOptions options = small_heap(EngineKind::Copy);
  options.maximum_bytes = 1;
  Heap heap(os::SystemCalls::real(), options);
  const std::string first = words_of(heap.open());
  return heap.is_open() || first == "accepted" ? "accepted" : words_of(heap.open());
}

std::string allocate_too_many_handles(ModelHeap&) {
  HeapOptions options = small_heap(EngineKind::Copy);
  options.maximum_handles = 3;
  Heap heap(os::SystemCalls::real(), options);
  if (!heap.open()) return "not opened";
  Mutator mutator(heap.allocator());
  for (int i = 0; i < 3; ++i) {
    if (!heap.allocate(mutator, 64)) return "refused too early";
  }
  const std::string words = words_of(heap.allocate(mutator, 64));
  mutator.retire();
  return heap.regions().statistics().live_bytes == 3 * 64 ? words : "the refused object still counts as live";
}

}  // namespace

std::vector<BadInput> bad_requests() {
  const std::size_t most = SIZE_MAX;
  const double nan = std::nan("");
  return {
      {"size 0", allocate_nothing, "taken and released", true},
      {"size SIZE_MAX", [=](ModelHeap& m) { return allocate(m, most, 0); },
       "open a bigger heap, or ask for less"},
      {"size SIZE_MAX - 4095", [=](ModelHeap& m) { return allocate(m, most - 4095, 0); }, "ask for less"},
      {"one byte more than the heap",
       [](ModelHeap& m) { return allocate(m, m.heap().geometry().bytes() + 1, 0); }, "ask for less"},
      {"as much as the whole heap, of which a part is used",
       [](ModelHeap& m) { return allocate(m, m.heap().geometry().bytes(), 0); }, "free or compact"},
      {"alignment 3", [](ModelHeap& m) { return allocate(m, 64, 3); }, "a power of two"},
      {"alignment 24", [](ModelHeap& m) { return allocate(m, 64, 24); }, "a power of two"},
      {"alignment SIZE_MAX", [=](ModelHeap& m) { return allocate(m, 64, most); }, "a power of two"},
      {"alignment 2^63", [](ModelHeap& m) { return allocate(m, 64, std::size_t{1} << 63); },
       "up to the region size"},
      {"alignment of two regions",
       [](ModelHeap& m) { return allocate(m, 64, 2 * m.heap().geometry().region_bytes()); },
       "up to the region size"},
      {"a null handle released", [](ModelHeap& m) { return release(m, Handle{}); }, "names nothing"},
      {"a handle beyond the table released",
       [](ModelHeap& m) {
         return release(m, Handle{0xFFFF'FFFF, 1});
       },
       "names nothing"},
      {"a handle never given out released",
       [](ModelHeap& m) {
         return release(m, Handle{m.heap().handles().capacity() - 1, 1});
       },
       "names nothing"},
      {"a handle of a later life released",
       [](ModelHeap& m) {
         const Handle handle = m.objects()[0].handle;
         return release(m, Handle{handle.index, handle.generation + 2});
       },
       "names nothing"},
      {"an object released twice", release_twice, "names nothing", true},
      {"a null handle pinned", [](ModelHeap& m) { return pin(m, Handle{}); }, "names nothing"},
      {"an object unpinned that is not pinned", unpin_unpinned, "not pinned"},
      {"another heap's mutator", use_another_heaps_mutator, "from this heap's allocator()"},
      {"waste allowance -0.1",
       [](ModelHeap& m) { return compact(m, goal_with(&Goal::waste_allowance, -0.1)); }, "from 0 to 1"},
      {"waste allowance 1.5", [](ModelHeap& m) { return compact(m, goal_with(&Goal::waste_allowance, 1.5)); },
       "from 0 to 1"},
      {"waste allowance NaN",
       [=](ModelHeap& m) { return compact(m, goal_with(&Goal::waste_allowance, nan)); }, "from 0 to 1"},
      {"dense enough -1", [](ModelHeap& m) { return compact(m, goal_with(&Goal::dense_enough, -1)); },
       "from 0 on"},
      {"dense enough NaN", [=](ModelHeap& m) { return compact(m, goal_with(&Goal::dense_enough, nan)); },
       "from 0 on"},
      {"a window of more regions than there are",
       [](ModelHeap& m) { return compact(m, goal_of_window(m.heap().geometry().region_count + 1)); },
       "at most the heap's regions"},
      {"a window of 2^32 - 1 regions", [](ModelHeap& m) { return compact(m, goal_of_window(0xFFFF'FFFF)); },
       "at most the heap's regions"},
      {"everything before open()", use_before_open, "open() it first"},
      {"open() on an open heap", open_twice, "open already"},
      {"open() again after a refusal", open_after_failure, "at least one region"},
      {"one handle more than the table holds", allocate_too_many_handles, "handle"},
  };
}

}  // namespace shunt::testing
