// A real sandbox: a child under a seccomp filter that answers EPERM to userfaultfd, as Docker's default
// profile does.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "os/capabilities.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;

namespace {

bool refuse_userfaultfd() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof program / sizeof program[0], program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

enum ChildAnswer { EngineWasRight = 0, NoFilter = 10, WrongVerdict = 11, WrongEngine = 12 };

int probe_in_sandbox() {
  if (!refuse_userfaultfd()) return NoFilter;
  const Capabilities found = probe_capabilities(SystemCalls::real());
  const CapabilityOutcome& opens = found[Capability::UserfaultfdOpens];
  if (opens.state != CapabilityState::Refused || opens.code != EPERM) return WrongVerdict;
  const EngineKind expected = found.works(Capability::RemapKeepSource) ? EngineKind::Remap : EngineKind::Copy;
  return found.best_engine() == expected ? EngineWasRight : WrongEngine;
}

}  // namespace

TEST_CASE("under a seccomp filter that refuses userfaultfd the probe says EPERM and chooses to remap") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(probe_in_sandbox());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  SHUNT_NEEDS(WEXITSTATUS(status) != NoFilter, "seccomp filters");
  CHECK(WEXITSTATUS(status) == EngineWasRight);
}
