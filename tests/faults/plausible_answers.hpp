// Which system call a call is, in words, and the answers that it might get when things go wrong.
//
// For each call the errnos that its manual page, the kernel's source or a seccomp filter may give, and where
// the kernel can stop half way, the forms of that. ENOSYS and EPERM stand for a sandbox and may come from any
// call at any time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "support/partial_calls.hpp"

namespace shunt::testing {

// How much of its work a call has really done when it answers.
enum class Extent : unsigned char {
  Nothing,
  Part,          // UFFDIO_MOVE with `.move` set, a prefix of VMAs, half of the pages, a short count
  All,           // and says that it failed
  Unmapped,      // mremap: nothing has moved, the destination is a hole
  PartUnmapped,  // mremap: a prefix of VMAs has moved, behind it the destination is a hole
};
const char* name_of(Extent);

struct FaultAnswer {
  int code = 0;  // errno; 0: a short count, which is no error
  Extent extent = Extent::Nothing;
};

std::string name_of_call(const KernelCall&);  // "UFFDIO_MOVE", "madvise DONTNEED", "mmap"
std::span<const FaultAnswer> plausible_answers(const KernelCall&);
FaultyKernel::Act act_of(FaultAnswer);  // does the right thing for whatever call it meets

// Where one of these fails for good a report has to name a fallback or a reason why something stayed.
bool moves_pages(const KernelCall&);
// Moves, drops, populates, maps over: a wrong reaction here could lose contents.
bool changes_memory(const KernelCall&);

}  // namespace shunt::testing
