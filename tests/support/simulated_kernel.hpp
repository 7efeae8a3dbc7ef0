// Kernels that this host does not have, and failures that it does not show on demand: SystemCalls that wrap
// the running kernel.
//
// RelocatingKernel honours mremap's relocate-anon flags (an RFC, in no release). FaultyKernel lets chosen
// calls fail, or do part of their work and then fail, as the kernel's sources say they would. Everything else
// reaches the running kernel unchanged. What is tested through one of them says "simulated" in its name. A
// gate() is valid as long as its kernel lives. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::testing {

struct KernelCall {
  long number = 0;
  long arguments[6] = {};
};

// What a call is, by number and by the argument that tells its kinds apart.
bool is_remap(const KernelCall&);
bool is_uffd_move(const KernelCall&);
bool is_open_userfaultfd(const KernelCall&);
bool is_advice(const KernelCall&, int advice);
bool is_populate(const KernelCall&);
bool is_drop(const KernelCall&);
long real_call(const KernelCall&);

// mremap with MREMAP_RELOCATE_ANON (8), alone or with MUST (16), moves the pages into the VMA that is at the
// destination, so that no border remains: what the flags are to achieve. Simulated by copying; DONTUNMAP is
// honoured.
class RelocatingKernel {
 public:
  os::SystemCalls gate();
  std::size_t relocations() const { return relocations_; }
  // Off: the flags are accepted and ignored, as a kernel that knows nothing of them might.
  void set_honest(bool honest) { honest_ = honest; }
  // Off: the flags work, but not together with DONTUNMAP.
  void set_keeps_source(bool keeps) { keeps_source_ = keeps; }
  // On: no userfaultfd, so that mremap is the only way to relocate.
  void set_refuses_userfaultfd(bool refuses) { refuses_userfaultfd_ = refuses; }

 private:
  static long call(void* self, long number, const long (&arguments)[6]);
  long relocate(const KernelCall&);

  std::size_t relocations_ = 0;
  bool honest_ = true;
  bool keeps_source_ = true;
  bool refuses_userfaultfd_ = false;
};

class FaultyKernel {
 public:
  // Room for what is to come: growing later could map memory right into a hole that a call just left.
  FaultyKernel() { seen_.reserve(std::size_t{1} << 18); }
  using Match = std::function<bool(const KernelCall&)>;
  using Act = std::function<long(const KernelCall&)>;  // returns what the kernel would: a value or -errno
  static constexpr std::size_t for_ever = SIZE_MAX;

  os::SystemCalls gate() { return {&FaultyKernel::call, this}; }
  // The `nth` matching call (0 is the next) and the `times - 1` after it are answered by `act`; the first
  // rule that has one for a call answers it.
  void replace(Match match, std::size_t nth, std::size_t times, Act act);
  void fail(Match match, std::size_t nth, std::size_t times, int code);
  void forget_rules() { rules_.clear(); }
  // Seen after every call that reached this gate, whoever answered it.
  void watch(std::function<void(const KernelCall&, long answer)> watcher) { watcher_ = std::move(watcher); }
  std::size_t count(const Match& match) const;
  std::size_t replaced() const { return replaced_; }

 private:
  struct Rule {
    Match match;
    std::size_t skip;
    std::size_t left;
    Act act;
  };
  static long call(void* self, long number, const long (&arguments)[6]);
  long answer(const KernelCall&);

  std::vector<Rule> rules_;
  std::vector<KernelCall> seen_;
  std::function<void(const KernelCall&, long)> watcher_;
  std::size_t replaced_ = 0;
};

// UFFDIO_MOVE that really moves the first `bytes` and then says EAGAIN with `.move` set, as the kernel does
// when it is interrupted.
FaultyKernel::Act partial_uffd_move(std::size_t bytes);
// UFFDIO_MOVE that moves nothing and reports `code` both as its errno and, negative, in `.move`.
FaultyKernel::Act failed_uffd_move(int code);
// mremap that really moves the first `bytes`, as a multi-VMA call does before a VMA that it cannot move, and
// says only an errno. `unmaps_rest`: the rest of the destination is gone by then.
FaultyKernel::Act partial_remap(std::size_t bytes, int code, bool unmaps_rest);

}  // namespace shunt::testing
