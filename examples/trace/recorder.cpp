// libshunt-record.so: preloaded into any dynamically linked program, it stands in front of the malloc family,
// lets the program's own allocator do the work, and records each call (recorder_log.hpp).
//
// Keeps true: a free is recorded before the real free and an allocation after the real allocation, so that in
// the order of stamps an address is never owned twice; only the outermost call of a thread is recorded; errno
// and results are the real allocator's. Failed allocations and free(NULL) leave no record. Does not see:
// memory that a program maps itself, functions beyond the malloc family (mallocx, an operator new that does
// not call malloc), and what the loader allocates before the C library has started.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "recorder_log.hpp"
#include "recorder_next.hpp"

#define SHUNT_INTERPOSE extern "C" __attribute__((visibility("default")))

namespace shunt::trace::recorder {
namespace {

unsigned log2_of(std::size_t alignment) {
  // Rounded up, as allocators do with an alignment that is not a power of two.
  return alignment <= 1 ? 0 : static_cast<unsigned>(64 - __builtin_clzll(alignment - 1));
}

template <class Call>
void* record_allocation(raw::Operation operation, std::size_t bytes, std::size_t alignment, Call call) {
  const Guard guard;
  void* result = call();
  if (guard.outermost() && result != nullptr) append(operation, result, bytes, log2_of(alignment));
  return result;
}

// realloc of memory that came from the bootstrap arena: the only way out of it.
void* leave_bootstrap(void* old, std::size_t bytes) {
  const std::size_t old_bytes = bootstrap_bytes(old);
  void* result = malloc(bytes);
  if (result != nullptr) memcpy(result, old, old_bytes < bytes ? old_bytes : bytes);
  return result;
}

void* record_reallocation(const NextAllocator& next, void* old, std::size_t bytes) {
  const Guard guard;
  if (!guard.outermost()) return next.realloc(old, bytes);
  append(raw::Operation::reallocate_begin, old, 0, 0);
  void* result = next.realloc(old, bytes);
  if (result != nullptr) {
    append(raw::Operation::reallocate_end, result, bytes, 0);
  } else if (bytes == 0) {
    append(raw::Operation::reallocate_freed, old, 0, 0);
  } else {
    append(raw::Operation::reallocate_failed, old, 0, 0);
  }
  return result;
}

}  // namespace
}  // namespace shunt::trace::recorder

using namespace shunt::trace::recorder;
using shunt::trace::raw::Operation;

SHUNT_INTERPOSE void* malloc(std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  if (next == nullptr) return bootstrap_allocate(bytes);
  return record_allocation(Operation::allocate, bytes, 0, [&] { return next->malloc(bytes); });
}

SHUNT_INTERPOSE void* calloc(std::size_t count, std::size_t each) noexcept {
  const NextAllocator* next = next_allocator();
  if (next == nullptr) return bootstrap_allocate(count * each);
  // A product that overflows fails in the real calloc, and a failure is not recorded.
  return record_allocation(Operation::allocate_zeroed, count * each, 0,
                           [&] { return next->calloc(count, each); });
}

SHUNT_INTERPOSE void free(void* pointer) noexcept {
  if (pointer == nullptr || is_bootstrap(pointer)) return;
  const NextAllocator* next = next_allocator();
  if (next == nullptr)
    return;  // only the look-up's own temporary blocks could come here, and they are bootstrap
  const Guard guard;
  if (guard.outermost()) append(Operation::free, pointer, 0, 0);
  next->free(pointer);
}

SHUNT_INTERPOSE void* realloc(void* old, std::size_t bytes) noexcept {
  if (old == nullptr) return malloc(bytes);
  const NextAllocator* next = next_allocator();
  if (is_bootstrap(old) || next == nullptr) return leave_bootstrap(old, bytes);
  return record_reallocation(*next, old, bytes);
}

SHUNT_INTERPOSE void* reallocarray(void* old, std::size_t count, std::size_t each) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, each, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(old, bytes);
}

SHUNT_INTERPOSE void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  return record_allocation(Operation::allocate, bytes, alignment,
                           [&] { return next->aligned_alloc(alignment, bytes); });
}

SHUNT_INTERPOSE void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  return record_allocation(Operation::allocate, bytes, alignment,
                           [&] { return next->memalign(alignment, bytes); });
}

SHUNT_INTERPOSE int posix_memalign(void** out, std::size_t alignment, std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  int outcome = 0;
  record_allocation(Operation::allocate, bytes, alignment, [&]() -> void* {
    outcome = next->posix_memalign(out, alignment, bytes);
    return outcome == 0 ? *out : nullptr;
  });
  return outcome;
}

SHUNT_INTERPOSE void* valloc(std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  const auto page = static_cast<std::size_t>(getpagesize());
  return record_allocation(Operation::allocate, bytes, page, [&] { return next->valloc(bytes); });
}

SHUNT_INTERPOSE void* pvalloc(std::size_t bytes) noexcept {
  const NextAllocator* next = next_allocator();
  const auto page = static_cast<std::size_t>(getpagesize());
  const std::size_t rounded = (bytes + page - 1) / page * page;
  return record_allocation(Operation::allocate, rounded, page, [&] { return next->pvalloc(bytes); });
}

SHUNT_INTERPOSE std::size_t malloc_usable_size(void* pointer) noexcept {
  const NextAllocator* next = next_allocator();
  if (is_bootstrap(pointer) || next == nullptr) return pointer == nullptr ? 0 : bootstrap_bytes(pointer);
  return next->malloc_usable_size(pointer);
}
