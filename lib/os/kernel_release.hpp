// The kernel's release number, for the one question that behaviour cannot answer.
//
// Shunt never infers a capability from a version. A known use-after-free in the kernel is different: to probe
// it would be to trigger it. So it is looked up here, and nowhere else.
#pragma once

#include <compare>

#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

struct KernelRelease {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const KernelRelease&) const = default;
};

// "6.18.44-something" is {6, 18, 44}; a missing part is 0. All 0 when the text starts with no number.
KernelRelease parse_release(const char* text);

// From uname(2). Errors: the kernel's.
Result<KernelRelease> kernel_release(const SystemCalls&);

// From 6.16 on, fixed in 6.18.7: mremap with DONTUNMAP of a faulted VMA that merges into an unfaulted
// neighbour leaves a dangling pointer in the kernel. True for the releases that have it, and for an
// unreadable release.
bool dontunmap_merge_is_unsafe(KernelRelease release);

}  // namespace shunt::os
