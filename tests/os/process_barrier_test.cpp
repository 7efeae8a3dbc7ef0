// The process-wide barrier: works, is refused, loses its registration; and really orders one plain store and
// one load of each of two threads.
#include "os/process_barrier.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/barrier_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::BarrierKernel;

namespace {

// Both threads write their place and then read the other's. False if neither saw the other in some round:
// what the barriers are there to forbid. The threads meet before each round.
template <class Frequent, class Rare>
bool one_always_sees_the_other(Frequent frequent, Rare rare) {
  constexpr int rounds = 20000;
  std::atomic<int> x = 0, y = 0, arrived = 0;
  std::atomic<int> seen_by_other = 0;
  bool right = true;
  const auto meet = [&](int target) {
    arrived.fetch_add(1, std::memory_order_acq_rel);
    while (arrived.load(std::memory_order_acquire) < target) std::this_thread::yield();
  };
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      meet(4 * i + 2);
      x.store(i + 1, std::memory_order_relaxed);
      frequent();
      seen_by_other.store(y.load(std::memory_order_relaxed), std::memory_order_relaxed);
      meet(4 * i + 4);
    }
  });
  for (int i = 0; i < rounds; ++i) {
    meet(4 * i + 2);
    y.store(i + 1, std::memory_order_relaxed);
    rare();
    const int seen = x.load(std::memory_order_relaxed);
    meet(4 * i + 4);
    if (seen != i + 1 && seen_by_other.load(std::memory_order_relaxed) != i + 1) right = false;
  }
  other.join();
  return right;
}

}  // namespace

TEST_CASE("the running kernel's barrier orders what light() orders for the compiler alone") {
  const ProcessBarrier barrier(SystemCalls::real());
  SHUNT_NEEDS(barrier.enroll(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  int refused = 0;
  CHECK(one_always_sees_the_other([] { ProcessBarrier::light(); }, [&] { refused += !barrier.run(); }));
  CHECK(refused == 0);
}

TEST_CASE("without it a fence on both sides does the same") {
  CHECK(one_always_sees_the_other([] { ProcessBarrier::full(); }, [] { ProcessBarrier::full(); }));
}

TEST_CASE("a kernel that refuses to register, or the barrier itself, is found out when it is enrolled") {
  BarrierKernel refuses;
  refuses.enrolling_fails_with = ENOSYS;
  CHECK_FALSE(ProcessBarrier(refuses.calls()).enroll());
  CHECK(refuses.barriers == 0);

  BarrierKernel half;
  half.refused_with = EINVAL;
  const ProcessBarrier barrier(half.calls());
  CHECK_FALSE(barrier.enroll());
  CHECK_FALSE(barrier.run());
  CHECK_FALSE(ProcessBarrier{}.enroll());
  CHECK_FALSE(ProcessBarrier{}.run());
}

TEST_CASE("a process that is not registered any more registers again, once a call") {
  BarrierKernel kernel;
  const ProcessBarrier barrier(kernel.calls());
  SHUNT_NEEDS(barrier.enroll(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  CHECK(kernel.enrollments == 1);
  kernel.refused_with = EPERM;
  kernel.enrolling_heals = 1;
  CHECK(barrier.run());
  CHECK(kernel.enrollments == 2);
  CHECK(barrier.run());
  CHECK(kernel.enrollments == 2);
  kernel.refused_with = EPERM;
  kernel.enrolling_heals = 0;
  CHECK_FALSE(barrier.run());
  CHECK(kernel.enrollments == 3);
  kernel.refused_with = ENOMEM;
  CHECK_FALSE(barrier.run());
  CHECK(kernel.enrollments == 3);
}

TEST_CASE("it works in a child of fork, registered there or not") {
  const ProcessBarrier barrier(SystemCalls::real());
  SHUNT_NEEDS(barrier.enroll(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(barrier.run() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
