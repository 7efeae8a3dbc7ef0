// What a compaction works on: the marks, the embedder's callbacks, and what is wanted.
//
// A value that names memory of the caller's; all of it must stay as it is until the compaction has returned.
#pragma once

#include "compact/embedder.hpp"
#include "plan/goal.hpp"
#include "plan/mark_bitmap.hpp"

namespace shunt {

struct CompactionInput {
  MarkBitmap marks{};  // all granules of every live object; does not change meanwhile
  std::span<const std::uint64_t>
      object_starts{};  // one bit a granule; empty: unknown, clusters are coarser then
  Embedder embedder{};
  Goal goal{};
  unsigned running_threads = 0;  // threads that run on other CPUs meanwhile, outside the heap
  bool verify = false;
};

}  // namespace shunt
