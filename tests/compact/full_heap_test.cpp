// Compacting a heap that fills its memory cgroup: moving needs fresh addresses, not fresh pages.
//
// A child fills a heap with 64 KiB objects, half of which die, and the cgroup's limit is then set to what it
// uses plus a few MiB for page tables and Shunt's own tables: much less than the live half of one region, so
// there is no room for any to-space. Page moves compact it; copying cannot.
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "runtime/heap.hpp"
#include "support/check.hpp"
#include "support/memory_cgroup.hpp"

using namespace shunt;

namespace {

constexpr std::size_t object_bytes = std::size_t{64} << 10;
constexpr std::size_t filled_bytes = std::size_t{256} << 20;
constexpr std::size_t region_bytes = std::size_t{32} << 20;
constexpr std::size_t slack_bytes = std::size_t{6} << 20;

enum ChildExit : int {
  compacted = 0,
  not_compacted = 10,
  damaged = 11,
  could_not_start = 12,
  no_engine = 13
};

bool is_intact(Heap& heap, const std::vector<Handle>& handles) {
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const auto* words = pointer_to<const std::uint64_t>(heap.address_of(handles[i]));
    for (std::size_t w = 0; w < object_bytes / 8; w += 512) {
      if (words[w] != i * 1'000 + w) return false;
    }
  }
  return true;
}

int child(const testing::MemoryCgroup& group, EngineKind engine) {
  if (!group.join(::getpid())) return could_not_start;
  HeapOptions options;
  options.maximum_bytes = std::size_t{1} << 30;
  options.region_bytes = region_bytes;
  options.engine = engine;
  options.calibrate = false;
  options.huge_pages = os::HugePageAdvice::Never;
  Heap heap(os::SystemCalls::real(), options);
  if (!heap.open()) return could_not_start;
  if (heap.page_mover().engine_kind() != engine) return no_engine;
  auto mutator = std::make_unique<Mutator>(heap.allocator());
  std::vector<Handle> live;
  for (std::size_t i = 0; i < filled_bytes / object_bytes; ++i) {
    const Result<Handle> handle = heap.allocate(*mutator, object_bytes);
    if (!handle) return could_not_start;
    std::memset(pointer_to(heap.address_of(handle.value())), 1, object_bytes);
    if (i % 2 == 0) {
      auto* words = pointer_to<std::uint64_t>(heap.address_of(handle.value()));
      for (std::size_t w = 0; w < object_bytes / 8; w += 512) words[w] = live.size() * 1'000 + w;
      live.push_back(handle.value());
    } else {
      heap.release(handle.value());
    }
  }
  mutator->retire();
  if (!group.set_limit(group.usage_bytes() + slack_bytes)) return could_not_start;
  CompactOptions how;
  how.goal.page_moves = engine != EngineKind::Copy;
  const Result<CompactionReport> report = heap.compact(how);
  if (!is_intact(heap, live)) return damaged;
  return report && report.value().resident_after <= filled_bytes / 2 + slack_bytes ? compacted
                                                                                   : not_compacted;
}

// The child's exit code, or -signal.
int run(EngineKind engine, std::string& missing) {
  const auto group = testing::MemoryCgroup::make(missing);
  if (!group) return could_not_start;
  const pid_t process = ::fork();
  if (process == 0) ::_exit(child(*group, engine));
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a heap that fills its memory cgroup is compacted by UFFDIO_MOVE with no spare page") {
  std::string missing;
  const int result = run(EngineKind::Relocate, missing);
  SHUNT_NEEDS(missing.empty(), missing);
  SHUNT_NEEDS(result != no_engine, "a relocating engine (UFFDIO_MOVE)");
  CHECK(result == compacted);
}

TEST_CASE("a heap that fills its memory cgroup is compacted by mremap with no spare page") {
  std::string missing;
  const int result = run(EngineKind::Remap, missing);
  SHUNT_NEEDS(missing.empty(), missing);
  SHUNT_NEEDS(result != no_engine, "a remapping engine (MREMAP_DONTUNMAP)");
  CHECK(result == compacted);
}

TEST_CASE(
    "copying cannot compact that heap: it is killed for memory, or gives up and keeps everything intact") {
  std::string missing;
  const int result = run(EngineKind::Copy, missing);
  SHUNT_NEEDS(missing.empty(), missing);
  CHECK((result == -SIGKILL || result == not_compacted));
}
