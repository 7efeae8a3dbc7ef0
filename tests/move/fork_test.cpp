// The fork rule: pages shared with a child still move, a child moves its own pages with the same object, and
// never its parent's. Real forks; a child reports by its exit code and touches nothing of the test framework.
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "move/mover_stage.hpp"
#include "os/userfaultfd.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::size_t heap_pages = 1024;
constexpr std::size_t source = 10;
constexpr std::size_t destination = 600;
constexpr std::size_t count = 32;

enum ChildVerdict { fine = 0, contents_wrong = 1, not_moved = 2, memory_kept = 3 };

// Runs `work` in a child; what it returns is the exit code.
template <class Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A child that lives until its holder goes away, sharing every page.
class LivingChild {
 public:
  LivingChild() {
    if (::pipe(ends_) != 0) return;
    child_ = ::fork();
    if (child_ != 0) return;
    char end;
    ::close(ends_[1]);
    while (::read(ends_[0], &end, 1) > 0) {
    }
    ::_exit(0);
  }
  ~LivingChild() {
    ::close(ends_[1]);
    ::waitpid(child_, nullptr, 0);
    ::close(ends_[0]);
  }

 private:
  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
};

int number_of_userfaultfd() {
  DIR* open_files = ::opendir("/proc/self/fd");
  if (open_files == nullptr) return -1;
  int found = -1;
  while (const dirent* entry = ::readdir(open_files)) {
    char name[64] = {};
    if (::readlinkat(::dirfd(open_files), entry->d_name, name, sizeof name - 1) < 0) continue;
    if (std::strcmp(name, "anon_inode:[userfaultfd]") == 0) found = std::atoi(entry->d_name);
  }
  ::closedir(open_files);
  return found;
}

ChildVerdict move_in_child(MoverStage& stage, const MoveSpan& span) {
  const SpanOutcome outcome = stage.move(span);
  if (outcome.bytes_moved != span.bytes) return not_moved;
  if (stage.heap.resident_bytes(span.source()) != 0) return memory_kept;
  return stage.heap.what_is_wrong_with_contents().empty() ? fine : contents_wrong;
}

const char* missing(EngineKind engine) {
  if (engine == EngineKind::Relocate) {
    return host_capabilities().works(os::Capability::UserfaultfdMove) ? nullptr : "UFFDIO_MOVE";
  }
  return engine == EngineKind::Copy || host_can_remap() ? nullptr : "mremap with DONTUNMAP";
}

}  // namespace

TEST_CASE("pages shared with a child that lives, or has died, are parted from it and move") {
  SHUNT_NEEDS_UFFD_MOVE();
  for (const os::HugePageAdvice advice : {os::HugePageAdvice::Never, os::HugePageAdvice::Always}) {
    for (const bool alive : {true, false}) {
      INFO((alive ? "child alive" : "child dead"),
           (advice == os::HugePageAdvice::Always ? ", huge pages" : ""));
      MoverStage stage(4 * pages_per_huge_page, engine_options(EngineKind::Relocate), advice);
      const MoveSpan span = stage.filled_span(0, 2 * pages_per_huge_page, pages_per_huge_page);
      std::optional<LivingChild> child(std::in_place);
      if (!alive) child.reset();
      check_moved(stage, span, stage.move(span));
      CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == span.bytes);
      CHECK(stage.report.unshared_pages > 0);
    }
  }
}

TEST_CASE("a child moves its own pages with the same object, and the parent's memory is not touched") {
  for (const EngineKind engine : {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy}) {
    INFO(engine_name(engine));
    SHUNT_NEEDS(missing(engine) == nullptr, missing(engine));
    MoverStage stage(heap_pages, engine_options(engine));
    const MoveSpan span = stage.filled_span(source, destination, count);
    const MoveSpan before = stage.filled_span(100, 800, count);
    check_moved(stage, before, stage.move(before));  // the engine has been used before the fork
    CHECK(in_child([&] { return move_in_child(stage, span); }) == fine);
    // Had the child's moves acted here, the source would be empty and the destination full.
    check_heap(stage.heap);
    CHECK(stage.heap.resident_bytes(span.source()) == span.bytes);
    CHECK(stage.heap.resident_bytes(span.destination()) == 0);
    check_moved(stage, span, stage.move(span));
    CHECK(stage.all_fallbacks() == 0);
  }
}

TEST_CASE("a child relocates by an engine of its own, and so does its child") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan first = stage.filled_span(source, destination, count);
  const MoveSpan second = stage.filled_span(100, 800, count);
  const auto relocated = [&](std::uint64_t bytes) {
    return stage.moved_by(MoverKind::RelocateUserfaultfd) == bytes;
  };
  const int verdict = in_child([&]() -> int {
    if (const ChildVerdict v = move_in_child(stage, first); v != fine || !relocated(first.bytes))
      return 10 + v;
    const int grandchild = in_child([&]() -> int {
      const ChildVerdict v = move_in_child(stage, second);
      return relocated(first.bytes + second.bytes) ? v : 30 + v;
    });
    return grandchild != 0 ? grandchild : stage.heap.what_is_wrong_with_contents().empty() ? fine : 20;
  });
  CHECK(verdict == fine);
  check_heap(stage.heap);
}

TEST_CASE(
    "the hazard that the fork rule is there for: an inherited userfaultfd acts on the parent, not on the "
    "child") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const int descriptor = number_of_userfaultfd();
  SHUNT_NEEDS(descriptor >= 0, "/proc/self/fd");
  const MoveSpan span = stage.filled_span(source, destination, 1);
  const int verdict = in_child([&]() -> int {
    const os::SystemCalls kernel = os::SystemCalls::real();
    *pointer_to<volatile char>(span.from) = 'c';  // the child's own copy of the page
    const bool moved = os::move_pages(kernel, descriptor, span.from, span.to, span.bytes).moved_bytes != 0;
    if (moved && *pointer_to<volatile char>(span.to) == 'c') return 50;
    return os::failed(os::unregister_userfaultfd(kernel, descriptor, stage.heap.range())) ? 51 : 0;
  });
  CHECK(verdict == 0);
  // It is the parent's registration that the child took away; the parent goes on by copying.
  check_moved(stage, span, stage.move(span));
  CHECK(stage.fallbacks(Reason::VmaBorder) == 1);
}

TEST_CASE("a child that may not open a userfaultfd (simulated: EPERM) copies its pages") {
  SHUNT_NEEDS_UFFD_MOVE();
  MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
  const MoveSpan span = stage.filled_span(source, destination, count);
  stage.faulty.fail(is_open_userfaultfd, 0, FaultyKernel::for_ever, EPERM);
  const int verdict = in_child([&]() -> int {
    const ChildVerdict v = move_in_child(stage, span);
    return stage.moved_by(MoverKind::PageCopy) == span.bytes ? v : 40 + v;
  });
  CHECK(verdict == fine);
  check_heap(stage.heap);
}

TEST_CASE("a number that names another file when the mover ends is left open, in the parent and in a child") {
  SHUNT_NEEDS_UFFD_MOVE();
  std::optional<MoverStage> stage(std::in_place, heap_pages, engine_options(EngineKind::Relocate));
  const int descriptor = number_of_userfaultfd();
  SHUNT_NEEDS(descriptor >= 0, "/proc/self/fd");
  const int in_its_place = ::open("/dev/null", O_RDONLY);
  REQUIRE(::dup2(in_its_place, descriptor) == descriptor);
  const int verdict = in_child([&]() -> int {
    const ChildVerdict v = move_in_child(*stage, stage->filled_span(source, destination, count));
    return ::fcntl(descriptor, F_GETFD) >= 0 ? v : 60;
  });
  CHECK(verdict == fine);
  stage.reset();
  CHECK(::fcntl(descriptor, F_GETFD) >= 0);
  ::close(descriptor);
  ::close(in_its_place);
}

TEST_CASE(
    "a descriptor that the host closed: page copy serves the batch, a new one the next, a stranger's stays "
    "open") {
  SHUNT_NEEDS_UFFD_MOVE();
  for (const bool reused : {false, true}) {
    INFO((reused ? "the number names another file by then" : "the number names nothing"));
    int descriptor = -1;
    {
      MoverStage stage(heap_pages, engine_options(EngineKind::Relocate));
      descriptor = number_of_userfaultfd();
      SHUNT_NEEDS(descriptor >= 0, "/proc/self/fd");
      ::close(descriptor);
      if (reused) REQUIRE(::dup2(::open("/dev/null", O_RDONLY), descriptor) == descriptor);
      const MoveSpan first = stage.filled_span(source, destination, count);
      check_moved(stage, first, stage.move(first));
      CHECK(stage.fallbacks(Reason::Refused) == 1);
      const MoveSpan second = stage.filled_span(100, 800, count);
      check_moved(stage, second, stage.move(second));
      CHECK(stage.moved_by(MoverKind::RelocateUserfaultfd) == second.bytes);
    }
    if (!reused) continue;
    CHECK(::fcntl(descriptor, F_GETFD) >= 0);
    ::close(descriptor);
  }
}
