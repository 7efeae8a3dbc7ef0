// Tells a process from its children of fork, in O(1) and without asking libc.
//
// Why: a child inherits a userfaultfd that still acts on its PARENT's memory, and /proc/self descriptors that
// still describe the parent. Whoever holds such a thing asks in_creator() before each use and reopens it when
// the answer is no. How: a page marked MADV_WIPEONFORK (4.14) holds a cookie; a child of fork finds 0 there.
// A kernel that accepts the advice and does nothing is found out by its VMAs: a marked page cannot share one
// with an unmarked neighbour. Where the page cannot be had, getpid is asked through the gate, about 0.1 us;
// that can be fooled by a child that starts as the same number in a new PID namespace. Not deceived by vfork
// or threads: they share the address space, and there the cookie is rightly seen.
#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

class ForkGuard {
 public:
  enum class Method : std::uint8_t { WipedPage, ProcessId };

  // Errors: the kernel's, when not even getpid is answered.
  static Result<ForkGuard> create(const SystemCalls&);

  ForkGuard() = default;
  ForkGuard(ForkGuard&& other) noexcept;
  ForkGuard& operator=(ForkGuard&& other) noexcept;
  ~ForkGuard();

  // True in the address space that created (or adopted) the guard. One load, or one getpid. Thread-safe.
  bool in_creator() const;
  // Makes the calling process the one that in_creator() knows: what a child calls after it has reopened its
  // own descriptors. Not thread-safe against in_creator(); a child of fork has one thread.
  void adopt();
  Method method() const { return page_.bytes != 0 ? Method::WipedPage : Method::ProcessId; }

 private:
  SystemCalls kernel_{};
  AddressRange page_{};
  long process_id_ = -1;
};

}  // namespace shunt::os
