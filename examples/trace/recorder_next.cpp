// Looks the next allocator up with dlsym(RTLD_NEXT) and serves what that look-up allocates. Several threads
// may look up at once: each fills the table with the same values, and publishes it afterwards.
#include "recorder_next.hpp"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace shunt::trace::recorder {
namespace {

constexpr std::size_t arena_bytes = 64 * 1024;
// In front of each block, so that realloc and malloc_usable_size know its size.
struct alignas(16) BlockHeader {
  std::size_t bytes;
};

alignas(16) char arena[arena_bytes];
std::atomic<std::size_t> arena_used;
NextAllocator table;
std::atomic<bool> table_ready;
__thread bool looking_up;

template <class Function>
void look_up(Function& function, const char* name) {
  // Relaxed: racing threads store the same value, and readers wait for table_ready.
  std::atomic_ref<Function>(function).store(reinterpret_cast<Function>(dlsym(RTLD_NEXT, name)),
                                            std::memory_order_relaxed);
}

void look_all_up() {
  look_up(table.malloc, "malloc");
  look_up(table.calloc, "calloc");
  look_up(table.realloc, "realloc");
  look_up(table.free, "free");
  look_up(table.aligned_alloc, "aligned_alloc");
  look_up(table.posix_memalign, "posix_memalign");
  look_up(table.memalign, "memalign");
  look_up(table.valloc, "valloc");
  look_up(table.pvalloc, "pvalloc");
  look_up(table.malloc_usable_size, "malloc_usable_size");
}

}  // namespace

const NextAllocator* next_allocator() {
  // acquire: pairs with the release below, so that whoever sees the flag sees the table.
  if (table_ready.load(std::memory_order_acquire)) [[likely]]
    return &table;
  if (looking_up) return nullptr;
  looking_up = true;
  look_all_up();
  looking_up = false;
  table_ready.store(true, std::memory_order_release);  // release: pairs with the acquire above
  return &table;
}

void* bootstrap_allocate(std::size_t bytes) {
  const std::size_t rounded = bytes > arena_bytes ? arena_bytes : (bytes + 15) / 16 * 16;
  const std::size_t offset = arena_used.fetch_add(rounded + sizeof(BlockHeader),
                                                  std::memory_order_relaxed);  // only shares out space
  if (offset + rounded + sizeof(BlockHeader) > arena_bytes) {
    static constexpr char message[] =
        "libshunt-record: the loader allocates more than 64 KiB while it starts\n";
    static_cast<void>(!write(STDERR_FILENO, message, sizeof(message) - 1));
    abort();
  }
  auto* header = reinterpret_cast<BlockHeader*>(arena + offset);
  header->bytes = bytes;
  return header + 1;
}

bool is_bootstrap(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) - reinterpret_cast<std::uintptr_t>(arena) < arena_bytes;
}

std::size_t bootstrap_bytes(const void* pointer) {
  return (static_cast<const BlockHeader*>(pointer) - 1)->bytes;
}

}  // namespace shunt::trace::recorder
