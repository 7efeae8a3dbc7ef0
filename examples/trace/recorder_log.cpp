// See recorder_log.hpp. The order across threads rests on this: every record takes its stamp from one
// counter, a free before the real free and an allocation after the real malloc. If a block's memory goes from
// one thread to another, the allocator's own synchronization puts the first thread's stamp before the
// second's, and a counter that is only ever incremented gives the later one the larger number. So relaxed
// increments are enough.
//
// Globals are unavoidable: the functions that we replace have no place for a context. They are this file's
// only.
#include "recorder_log.hpp"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorder_file.hpp"

namespace shunt::trace::recorder {
namespace {

enum class Phase : std::uint32_t {
  fresh,
  opening,
  recording,
  stopped
};  // fresh is 0: what a wiped page says

struct alignas(64) Lane {
  std::atomic<std::uint32_t> locked;
  std::uint32_t used;
  raw::Record* records;
};

// Lives in pages that are zero again in a forked child.
struct State {
  std::atomic<Phase> phase;
  std::atomic<std::uint32_t> next_chunk;
  std::atomic<std::uint32_t> next_thread;
  raw::FileHeader* header;
  alignas(64) std::atomic<std::uint64_t> next_stamp;
  Lane lanes[raw::lane_count];
  char path[path_bytes];
};

std::atomic<State*> shared_state;
std::atomic<bool> began_before;        // survives fork: the child's file says that its history begins late
char name[path_bytes];                 // SHUNT_RECORD_FILE, made absolute
__thread std::uint32_t thread_number;  // from 1; 0 while it has none

void wipe_in_child() {
  // Only where the kernel cannot wipe for us. One thread is left, so plain stores do.
  State* state = shared_state.load(std::memory_order_relaxed);
  for (Lane& lane : state->lanes) {
    lane.locked.store(0, std::memory_order_relaxed);
    lane.records = nullptr;
  }
  state->next_chunk.store(0, std::memory_order_relaxed);
  state->next_stamp.store(0, std::memory_order_relaxed);
  state->phase.store(Phase::fresh, std::memory_order_relaxed);
}

State* create_state() {
  void* memory = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  const bool wiped = madvise(memory, sizeof(State), MADV_WIPEONFORK) == 0;
  State* expected = nullptr;
  auto* created = static_cast<State*>(memory);  // zero is every member's initial value
  // acq_rel: pairs with the acquire in state(); the loser uses the winner's pages.
  if (!shared_state.compare_exchange_strong(expected, created, std::memory_order_acq_rel)) {
    munmap(memory, sizeof(State));
    return expected;
  }
  if (!wiped) pthread_atfork(nullptr, nullptr, wipe_in_child);
  return created;
}

// True when this process is to be recorded; `name` is then set. The environment is read in the first process
// only.
bool wanted() {
  if (name[0] != 0) return true;
  const char* value = getenv("SHUNT_RECORD_FILE");
  if (value == nullptr || value[0] == 0) return false;
  std::size_t length = 0;
  if (value[0] != '/') {
    if (getcwd(name, path_bytes - 1) == nullptr) return false;
    while (name[length] != 0) ++length;
    name[length++] = '/';
  }
  while (*value != 0 && length + 1 < path_bytes) name[length++] = *value++;
  name[length] = 0;
  return true;
}

void begin(State& state) {
  thread_number = 0;  // after a fork this thread still has its number of the parent
  const bool forked = began_before.exchange(true, std::memory_order_relaxed);
  state.header = wanted() ? create_raw_file(name, forked, state.path) : nullptr;
  // release: pairs with the acquire in state(), which must see the header and the path.
  state.phase.store(state.header != nullptr ? Phase::recording : Phase::stopped, std::memory_order_release);
}

State* begin_or_wait(State& state) {
  Phase expected = Phase::fresh;
  // acquire on both ways: pairs with the release in begin()
  if (state.phase.compare_exchange_strong(expected, Phase::opening, std::memory_order_acquire)) begin(state);
  while (state.phase.load(std::memory_order_acquire) == Phase::opening) sched_yield();
  return state.phase.load(std::memory_order_relaxed) == Phase::recording ? &state : nullptr;
}

// The state when this process is being recorded, else nullptr.
State* recording_state() {
  State* state = shared_state.load(std::memory_order_acquire);  // pairs with the exchange in create_state()
  if (state == nullptr) [[unlikely]] {
    // Before the C library's start-up there is no environment to ask; what is allocated then goes unrecorded.
    if (environ == nullptr) return nullptr;
    state = create_state();
    if (state == nullptr) return nullptr;
  }
  const Phase phase = state->phase.load(std::memory_order_acquire);  // pairs with the release in begin()
  if (phase == Phase::recording) [[likely]]
    return state;
  return phase == Phase::stopped ? nullptr : begin_or_wait(*state);
}

void stop(State& state, int error) {
  state.header->stopped_errno.store(static_cast<std::uint32_t>(error), std::memory_order_relaxed);
  state.phase.store(Phase::stopped,
                    std::memory_order_release);  // pairs with the acquire in recording_state()
}

bool next_chunk(State& state, Lane& lane, std::uint32_t lane_index) {
  if (lane.records != nullptr) unmap_chunk(lane.records);
  lane.used = 0;
  lane.records = map_chunk(state.path, state.next_chunk.fetch_add(1, std::memory_order_relaxed), lane_index);
  if (lane.records == nullptr) stop(state, errno);
  return lane.records != nullptr;
}

void store(State& state, Lane& lane, raw::Operation operation, const void* address, std::size_t bytes,
           unsigned alignment_log2) {
  raw::Record& record = lane.records[lane.used++];
  record.address = reinterpret_cast<std::uint64_t>(address);
  record.size_word = raw::pack_size(bytes, thread_number - 1);
  const std::uint64_t stamp = state.next_stamp.fetch_add(1, std::memory_order_relaxed) + 1;
  // release: pairs with the reader of the file, which takes a record without a stamp for unfinished
  std::atomic_ref<std::uint64_t>(record.stamp_word)
      .store(raw::pack_stamp(stamp, alignment_log2, operation), std::memory_order_release);
}

}  // namespace

__thread bool Guard::inside_;

void append(raw::Operation operation, const void* address, std::size_t bytes, unsigned alignment_log2) {
  const int error = errno;
  State* state = recording_state();
  if (state != nullptr) {
    if (thread_number == 0) thread_number = state->next_thread.fetch_add(1, std::memory_order_relaxed) + 1;
    const std::uint32_t index = (thread_number - 1) % raw::lane_count;
    Lane& lane = state->lanes[index];
    // acquire: pairs with the release below; the lane's members are the holder's
    while (lane.locked.exchange(1, std::memory_order_acquire) != 0) sched_yield();
    const bool room = lane.records != nullptr && lane.used < raw::records_per_chunk;
    if (room || next_chunk(*state, lane, index))
      store(*state, lane, operation, address, bytes, alignment_log2);
    lane.locked.store(0, std::memory_order_release);  // pairs with the acquire above
  }
  errno = error;
}

}  // namespace shunt::trace::recorder
