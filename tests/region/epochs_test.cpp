// epochs: who holds back what, entry by entry; modes; names and statistics; slots given back; readers of a
// parent.
#include "region/epochs.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/barrier_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::uint64_t nothing_waits_yet = 0;

struct TestEpochs {
  explicit TestEpochs(std::size_t slot_count = 8)
      : slots(slot_count),
        control(std::make_unique<Epochs::Control>()),
        epochs(slots, *control, os::ProcessBarrier(kernel.calls())) {}

  EpochReader join(const char* name = "reader") { return epochs.join(name).take(); }
  // Whether the host lets readers do without a fence; its own answer, before a test refuses anything.
  bool host_has_barriers() { return os::ProcessBarrier(kernel.calls()).enroll(); }
  bool may_reuse(std::uint64_t stamp) { return epochs.reusable_below(stamp) > stamp; }

  BarrierKernel kernel;
  std::vector<Epochs::Slot> slots;
  std::unique_ptr<Epochs::Control> control;
  Epochs epochs;
};

std::string stalled(const EpochStatistics& s) { return s.stalled_name; }

}  // namespace

TEST_CASE("with no reader everything is reusable at once, and no system call is made for it") {
  TestEpochs t;
  CHECK_FALSE(t.epochs.ever_joined());
  for (std::uint64_t i = 1; i <= 100; ++i) {
    CHECK(t.epochs.retire() == i);
    CHECK(t.may_reuse(i));
  }
  CHECK(t.kernel.barriers + t.kernel.enrollments == 0);
}

TEST_CASE("a reader holds back what was unlinked since it entered, and nothing that was before") {
  TestEpochs t;
  EpochReader reader = t.join();
  CHECK(t.epochs.ever_joined());
  const std::uint64_t before = t.epochs.retire();
  CHECK(t.may_reuse(before));
  const std::uint64_t just_before = t.epochs.retire();
  reader.enter();
  const std::uint64_t after = t.epochs.retire();
  CHECK(t.epochs.reusable_below(just_before) == after);
  CHECK_FALSE(t.may_reuse(after));
  CHECK_FALSE(t.may_reuse(t.epochs.retire()));
  reader.leave();
  CHECK(t.may_reuse(after));
}

TEST_CASE("the reader that entered first decides; one that leaves and enters again holds back no old stamp") {
  TestEpochs t;
  EpochReader first = t.join(), second = t.join();
  first.enter();
  const std::uint64_t a = t.epochs.retire();
  second.enter();
  const std::uint64_t b = t.epochs.retire();
  CHECK_FALSE(t.may_reuse(a));
  first.leave();
  first.enter();
  CHECK(t.may_reuse(a));
  CHECK_FALSE(t.may_reuse(b));
  second.leave();
  CHECK(t.may_reuse(b));
  CHECK_FALSE(t.may_reuse(t.epochs.retire()));
}

TEST_CASE("entries nest: only the last leave leaves") {
  TestEpochs t;
  EpochReader reader = t.join();
  std::uint64_t stamp = 0;
  {
    const EpochGuard outer(reader);
    stamp = t.epochs.retire();
    {
      const EpochGuard inner(reader);
      CHECK(t.epochs.statistics(stamp).stalled_epoch == stamp);
    }
    CHECK(reader.is_inside());
    CHECK_FALSE(t.may_reuse(stamp));
  }
  CHECK_FALSE(reader.is_inside());
  CHECK(t.may_reuse(stamp));
}

TEST_CASE("the barrier is run only for readers outside that rely on it, and not where one inside decides") {
  TestEpochs t;
  SHUNT_NEEDS(t.host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  EpochReader inside = t.join();
  EpochReader outside = t.join();
  const long opened = t.kernel.barriers;
  const std::uint64_t old = t.epochs.retire();
  CHECK(t.may_reuse(old));  // both outside: unknown without it
  CHECK(t.kernel.barriers == opened + 1);
  inside.enter();
  const std::uint64_t stamp = t.epochs.retire();
  for (int i = 0; i < 10; ++i) CHECK_FALSE(t.may_reuse(stamp));
  CHECK(t.kernel.barriers == opened + 1);
  outside.enter();
  inside.leave();
  inside.enter();
  outside.leave();
  outside.enter();
  CHECK(t.may_reuse(stamp));  // all inside since later
  CHECK(t.kernel.barriers == opened + 1);
}

TEST_CASE("a kernel that refuses the barrier from the start costs readers a fence and changes no answer") {
  TestEpochs t;
  t.kernel.refused_with = ENOSYS;
  EpochReader reader = t.join();
  CHECK_FALSE(t.epochs.is_asymmetric());
  const long opened = t.kernel.barriers;
  const std::uint64_t before = t.epochs.retire();
  CHECK(t.epochs.reusable_below(before) > before);
  reader.enter();
  const std::uint64_t after = t.epochs.retire();
  CHECK(t.epochs.reusable_below(before) == after);
  CHECK(t.epochs.reusable_below(after) <= after);
  reader.leave();
  CHECK(t.epochs.reusable_below(after) > after);
  EpochReader second = t.join();
  CHECK(t.may_reuse(t.epochs.retire()));
  CHECK(t.kernel.barriers == opened);  // not asked again
}

TEST_CASE("a barrier refused in mid-life holds everything back until each reader has entered with a fence") {
  TestEpochs t;
  SHUNT_NEEDS(t.host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  EpochReader busy = t.join("busy"), idle = t.join("idle");
  t.kernel.refused_with = EPERM;
  const std::uint64_t stamp = t.epochs.retire();
  CHECK_FALSE(t.may_reuse(stamp));
  CHECK_FALSE(t.epochs.is_asymmetric());
  EpochGuard{busy};
  CHECK_FALSE(t.may_reuse(stamp));
  CHECK(stalled(t.epochs.statistics(stamp)) == "idle");
  CHECK(t.epochs.statistics(stamp).stalled_epoch == 0);
  SUBCASE("it enters") { EpochGuard{idle}; }
  SUBCASE("it parts") { EpochReader{std::move(idle)}; }
  SUBCASE("the kernel changes its mind") { t.kernel.refused_with = 0; }
  CHECK(t.may_reuse(stamp));
  CHECK(t.epochs.statistics(nothing_waits_yet).stalled_slot == EpochStatistics::nobody);
}

TEST_CASE("a reader that entered before the refusal is trusted when it has left and entered again") {
  TestEpochs t;
  SHUNT_NEEDS(t.host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  EpochReader inside = t.join("inside"), other = t.join("other");
  inside.enter();
  const std::uint64_t first = t.epochs.retire();
  CHECK_FALSE(t.may_reuse(first));
  CHECK(t.epochs.is_asymmetric());  // it decided without the barrier
  t.kernel.refused_with = EPERM;
  inside.leave();
  CHECK_FALSE(t.may_reuse(first));
  CHECK_FALSE(t.epochs.is_asymmetric());
  EpochGuard{other};
  inside.enter();
  CHECK(t.may_reuse(first));
  const std::uint64_t second = t.epochs.retire();
  CHECK_FALSE(t.may_reuse(second));
  inside.leave();
  CHECK(t.may_reuse(second));
  EpochReader late = t.join("late");
  CHECK(t.may_reuse(t.epochs.retire()));  // joined with a fence, and fences
}

TEST_CASE("statistics name the reader that has held back the oldest for longest") {
  TestEpochs t;
  CHECK(t.epochs.statistics(nothing_waits_yet).readers == 0);
  EpochReader quick = t.join("quick"), slow = t.join("a name of more than 15"), outside = t.join("outside");
  slow.enter();
  const std::uint64_t stamp = t.epochs.retire();
  quick.enter();
  EpochStatistics s = t.epochs.statistics(stamp);
  CHECK(s.readers == 3);
  CHECK(s.inside == 2);
  CHECK(s.oldest_epoch == stamp);
  CHECK(s.stalled_slot == 1);
  CHECK(s.stalled_epoch == stamp);
  CHECK(stalled(s) == "a name of more ");
  CHECK(t.epochs.statistics(nothing_waits_yet).stalled_slot == EpochStatistics::nobody);
  slow.leave();
  s = t.epochs.statistics(stamp);
  CHECK(s.stalled_slot == EpochStatistics::nobody);
  CHECK(s.oldest_epoch == stamp + 1);
}

TEST_CASE("every slot can be taken, the next is refused, and a slot given back is taken again") {
  TestEpochs t(3);
  std::vector<EpochReader> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(t.join());
  const auto refused = t.epochs.join("one too many");
  REQUIRE_FALSE(refused.ok());
  CHECK(std::string(refused.error().advice) != "");
  readers.back().enter();
  const std::uint64_t stamp = t.epochs.retire();
  CHECK_FALSE(t.may_reuse(stamp));
  readers.pop_back();  // parts while inside
  CHECK(t.may_reuse(stamp));
  EpochReader again = t.join("again");
  CHECK(t.epochs.statistics(nothing_waits_yet).readers == 3);
}

TEST_CASE("threads that join and part at once never share a slot") {
  TestEpochs t(4);
  std::vector<std::atomic<int>> holders(4);
  std::atomic<int> shared = 0, served = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 3000; ++n) {
        auto joined = t.epochs.join("churn");
        if (!joined) continue;
        ++served;
        EpochReader reader = joined.take();
        reader.enter();
        // What reader and reclaimer see of the slot is its own.
        const std::uint64_t stamp = t.epochs.retire();
        if (t.epochs.reusable_below(stamp) > stamp) ++shared;
        reader.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(shared == 0);
  CHECK(served >= 3000);
  CHECK(t.epochs.statistics(nothing_waits_yet).readers == 0);
}

TEST_CASE("a child of fork parts the readers of threads that it does not have") {
  TestEpochs t;
  EpochReader mine = t.join("mine"), other = t.join("other");
  other.enter();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::uint64_t stamp = t.epochs.retire();
    if (t.may_reuse(stamp)) ::_exit(1);
    t.epochs.part_all_but(&mine);
    if (!t.may_reuse(stamp) || t.epochs.statistics(0).readers != 1) ::_exit(2);
    mine.enter();
    ::_exit(t.may_reuse(t.epochs.retire()) ? 3 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(t.may_reuse(t.epochs.retire()));  // the parent's reader is where it was
  other.leave();
}
