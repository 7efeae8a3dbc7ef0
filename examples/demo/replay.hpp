// A recorded history, done again in a heap: every allocation, reallocation and free, with contents.
//
// Keeps true: after each event the objects that live in the recorded program live in the heap, each filled as
// contents.hpp says. Does not decide where to stop or when to compact. One thread, whatever the program had:
// the order of events is what makes the layout.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/heap.hpp"
#include "trace_format.hpp"

namespace shunt::demo {

// Every live object looked at where it is now.
struct Verification {
  std::uint64_t total = 0;
  std::uint64_t verified = 0;  // contents as written and alignment as asked for
  std::uint64_t contents = 0;  // digests of what was read, folded in the order of object numbers

  bool all() const { return verified == total; }
};

class Replay {
 public:
  // The heap is open and outlives the replay.
  explicit Replay(Heap& heap) : heap_(heap), mutator_(heap.allocator()) {}

  // Throws Failure when the heap is full. Amortized O(bytes of the object).
  void apply(const trace::Event&);
  // Before a compaction: gives the allocation buffers back.
  void retire() { mutator_.retire(); }

  // O(live bytes).
  Verification verify() const;

  std::uint64_t live_objects() const { return live_objects_; }

 private:
  void allocate(const trace::Event&);
  void reallocate(const trace::Event&);
  void release(const trace::Event&);
  Handle make(std::uint64_t bytes, std::uint64_t alignment);

  Heap& heap_;
  Mutator mutator_;
  std::vector<Handle> handles_;  // by object number; of the dead: names nothing
  std::uint64_t live_objects_ = 0;
};

}  // namespace shunt::demo
