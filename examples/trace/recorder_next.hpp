// The allocator that the recorded program would have used without us: the next definition of each function in
// the loader's search order. That is glibc's, or jemalloc's where the program links it, so the program keeps
// its own allocator and functions that we do not stand in front of (mallctl, nallocx) still fit its pointers.
//
// Looking the functions up may itself allocate (dlsym reports errors through calloc). Such requests, made by
// the thread that is looking up, are served from a small fixed arena whose blocks are never given back.
#pragma once

#include <cstddef>

namespace shunt::trace::recorder {

struct NextAllocator {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void (*free)(void*);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
  std::size_t (*malloc_usable_size)(void*);
};

// The table, looked up at the first call. Null only to the thread that is looking it up at this moment.
const NextAllocator* next_allocator();

// Zeroed, 16-byte aligned, never null: the process ends with a message when the arena is exhausted, which
// needs a loader that allocates tens of kilobytes in one look-up.
void* bootstrap_allocate(std::size_t bytes);
bool is_bootstrap(const void* pointer);
std::size_t bootstrap_bytes(const void* pointer);

}  // namespace shunt::trace::recorder
