// The program that trace_recorder_test.cpp records. Each mode makes calls that the test can count: sizes that
// nothing else in the process asks for. Built with -fno-builtin, or the compiler would drop what is allocated
// and freed.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "trace_recorded_program.hpp"

namespace {

using namespace recorded;

// One call of each function.
void every_function() {
  void* p = malloc(marker);
  p = realloc(p, marker + 1);
  free(p);
  void* q = calloc(marker + 2, 3);
  q = reallocarray(q, marker + 3, 2);
  free(q);
  free(aligned_alloc(64, 64 * marker));
  void* aligned = nullptr;
  if (posix_memalign(&aligned, 4096, marker + 4) != 0) abort();
  free(aligned);
  free(memalign(256, marker + 5));
  free(valloc(marker + 6));
  free(pvalloc(marker * 4096 - 1));
  free(nullptr);
  // What fails leaves no event, and the object as it was.
  const volatile std::size_t too_much = SIZE_MAX / 2;  // volatile: or the compiler warns of what is meant
  void* kept = malloc(marker + 7);
  if (realloc(kept, too_much) != nullptr) abort();
  if (reallocarray(kept, too_much, 8) != nullptr) abort();
  if (malloc(too_much) != nullptr) abort();
  free(kept);
}

// Threads exchange blocks through shared slots, so that most are freed by another thread than their own and
// addresses go from thread to thread as fast as the allocator allows.
void exchange_blocks() {
  static std::atomic<void*> slots[64];
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([t] {
      std::uint64_t random = static_cast<std::uint64_t>(t) * 0x9E3779B97F4A7C15 + 1;
      for (int i = 0; i < exchanges; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        void* fresh = malloc(marker + (random >> 60));
        if ((random >> 40 & 3) == 0) fresh = realloc(fresh, marker + 16 + (random >> 61));
        // acq_rel: pairs with itself in the thread that takes the block next
        free(slots[random >> 50 & 63].exchange(fresh, std::memory_order_acq_rel));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& slot : slots) free(slot.load(std::memory_order_relaxed));
}

void allocate_blocks(int count, std::size_t bytes) {
  std::vector<void*> blocks;
  for (int i = 0; i < count; ++i) blocks.push_back(malloc(bytes));
  for (void* block : blocks) free(block);
}

// A child allocates, frees what it inherited and ends by _exit, while the parent goes on.
void fork_child() {
  void* inherited = malloc(marker);
  const pid_t child = fork();
  if (child == 0) {
    allocate_blocks(child_blocks, marker + 1);
    free(inherited);
    _exit(0);
  }
  allocate_blocks(parent_blocks, marker + 2);
  int status = 0;
  waitpid(child, &status, 0);
  free(inherited);
}

// One process, two programs: this one, then itself in another mode.
void exec_itself(const char* self) {
  allocate_blocks(parent_blocks, marker + 2);
  execl(self, self, "killed", nullptr);
  abort();
}

// Dies with blocks live and no chance to flush anything.
void be_killed() {
  for (int i = 0; i < killed_blocks; ++i) memset(malloc(marker), 1, 1);
  raise(SIGKILL);
}

// Closes every descriptor, as daemons do, and takes what numbers it gets for a file of its own.
void close_descriptors() {
  allocate_blocks(parent_blocks, marker);
  for (int fd = 3; fd < 256; ++fd) close(fd);
  const int own = memfd_create("own", 0);
  allocate_blocks(killed_blocks, marker);
  if (lseek(own, 0, SEEK_END) != 0) abort();  // somebody wrote to our file
}

}  // namespace

int main(int argc, char** argv) {
  const char* mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "every") == 0) every_function();
  if (strcmp(mode, "exchange") == 0) exchange_blocks();
  if (strcmp(mode, "fork") == 0) fork_child();
  if (strcmp(mode, "exec") == 0) exec_itself(argv[0]);
  if (strcmp(mode, "killed") == 0) be_killed();
  if (strcmp(mode, "close") == 0) close_descriptors();
  return 7;
}
