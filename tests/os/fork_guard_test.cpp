// A child of fork knows that it is one, by the wiped page and by the process id, and can make a guard its
// own.
#include "os/fork_guard.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "os/capabilities.hpp"
#include "os/vma.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

// The exit code of a child that runs `body`.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

void check_that_a_child_sees_it(ForkGuard& guard) {
  CHECK(guard.in_creator());
  CHECK(in_child([&] { return guard.in_creator() ? 1 : 0; }) == 0);
  CHECK(guard.in_creator());
  // A grandchild of a child that adopted the guard is again a stranger to it.
  CHECK(in_child([&] {
          guard.adopt();
          if (!guard.in_creator()) return 1;
          return in_child([&] { return guard.in_creator() ? 2 : 0; });
        }) == 0);
  CHECK(guard.in_creator());
}

}  // namespace

TEST_CASE("a child of fork is told from its parent by the wiped page") {
  Result<ForkGuard> guard = ForkGuard::create(SystemCalls::real());
  REQUIRE(guard.ok());
  const Capabilities found = probe_capabilities(SystemCalls::real(), ProbeScope::Movers);
  SHUNT_NEEDS(found.works(Capability::WipeOnFork), "MADV_WIPEONFORK and /proc/self/maps");
  CHECK(guard.value().method() == ForkGuard::Method::WipedPage);
  check_that_a_child_sees_it(guard.value());
}

TEST_CASE("where MADV_WIPEONFORK is refused the process id tells them apart") {
  SimulatedKernel kernel;
  kernel.refuse_value(SYS_madvise, 2, MADV_WIPEONFORK, EINVAL);
  Result<ForkGuard> guard = ForkGuard::create(kernel.calls());
  REQUIRE(guard.ok());
  REQUIRE(guard.value().method() == ForkGuard::Method::ProcessId);
  check_that_a_child_sees_it(guard.value());
}

TEST_CASE("a kernel that accepts MADV_WIPEONFORK and does not mark the page is not trusted") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    return r.number == SYS_madvise ? std::optional<long>(0) : std::nullopt;
  });
  Result<ForkGuard> guard = ForkGuard::create(kernel.calls());
  REQUIRE(guard.ok());
  CHECK(guard.value().method() == ForkGuard::Method::ProcessId);
  check_that_a_child_sees_it(guard.value());
}

TEST_CASE("asking a wiped page makes no system call") {
  SimulatedKernel kernel;
  Result<ForkGuard> guard = ForkGuard::create(kernel.calls());
  REQUIRE(guard.ok());
  SHUNT_NEEDS(guard.value().method() == ForkGuard::Method::WipedPage, "MADV_WIPEONFORK and /proc/self/maps");
  const long before = kernel.count(SYS_getpid);
  for (int i = 0; i < 1000; ++i) CHECK(guard.value().in_creator());
  CHECK(kernel.count(SYS_getpid) == before);
}

TEST_CASE("threads of the creator are the creator") {
  Result<ForkGuard> guard = ForkGuard::create(SystemCalls::real());
  REQUIRE(guard.ok());
  bool seen = false;
  std::thread([&] { seen = guard.value().in_creator(); }).join();
  CHECK(seen);
}

TEST_CASE("a guard moves, several stand side by side, and none leaves a VMA") {
  const Result<std::size_t> before = count_vmas(SystemCalls::real());
  REQUIRE(before.ok());
  {
    ForkGuard first = ForkGuard::create(SystemCalls::real()).take();
    ForkGuard second = ForkGuard::create(SystemCalls::real()).take();
    ForkGuard moved = std::move(first);
    CHECK(moved.in_creator());
    CHECK(second.in_creator());
    CHECK_FALSE(first.in_creator());
    CHECK(in_child([&] { return moved.in_creator() || second.in_creator() ? 1 : 0; }) == 0);
  }
  const Result<std::size_t> after = count_vmas(SystemCalls::real());
  REQUIRE(after.ok());
  CHECK(after.value() == before.value());
}
