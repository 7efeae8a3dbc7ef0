// Do the newer forms of madvise do what they say? Each has an effect that mincore, the contents or the VMAs
// show.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>

#include "os/memory.hpp"
#include "os/probe_scratch.hpp"
#include "os/probes.hpp"

namespace shunt::os {
namespace {

bool is_vma(const ProbeContext& context, AddressRange range) {
  const Result<std::optional<Vma>> vma = context.vmas->at_or_after(range.start);
  return vma.ok() && vma.value() && vma.value()->range == range;
}

}  // namespace

CapabilityOutcome probe_populate_write(const ProbeContext& context) {
  Result<ProbeScratch> mapped = ProbeScratch::map(context.kernel, 2);
  if (!mapped) return no_scratch(mapped.error());
  ProbeScratch& scratch = mapped.value();
  if (!scratch.open(0, 2)) return refused(0, "mprotect is refused");
  if (scratch.is_resident(0) || scratch.is_resident(1))
    return misbehaves("mincore calls untouched pages resident");
  const long answer = populate_for_write(context.kernel, scratch.pages(0, 2));
  if (failed(answer)) return refused(errno_of(answer), "the advice is refused");
  const bool present = scratch.is_resident(0) && scratch.is_resident(1);
  return present ? works("two pages became present") : misbehaves("accepted, and no page became present");
}

// A mark is a VMA flag, so a marked page in the middle makes three VMAs of one, and taking it off makes one
// again.
CapabilityOutcome probe_wipe_on_fork(const ProbeContext& context) {
  if (context.vmas == nullptr) return refused(0, "without /proc/self/maps the mark cannot be seen");
  Result<ProbeScratch> mapped = ProbeScratch::map(context.kernel, 5);
  if (!mapped) return no_scratch(mapped.error());
  ProbeScratch& scratch = mapped.value();
  if (!scratch.open(1, 3)) return refused(0, "mprotect is refused");
  const Address middle = scratch.page(2);
  const long marked = context.kernel(SYS_madvise, value(middle), page_bytes, MADV_WIPEONFORK);
  if (failed(marked)) return refused(errno_of(marked), "the advice is refused");
  if (!is_vma(context, scratch.pages(2, 1))) return misbehaves("accepted, and the VMA carries no mark");
  const long unmarked = context.kernel(SYS_madvise, value(middle), page_bytes, MADV_KEEPONFORK);
  if (failed(unmarked) || !is_vma(context, scratch.pages(1, 3)))
    return misbehaves("the mark cannot be taken off again");
  return works("the page's VMA was marked and unmarked");
}

CapabilityOutcome probe_process_madvise(const ProbeContext& context) {
  Result<ProbeScratch> mapped = ProbeScratch::map(context.kernel, 3);
  if (!mapped) return no_scratch(mapped.error());
  ProbeScratch& scratch = mapped.value();
  if (!scratch.open(0, 3)) return refused(0, "mprotect is refused");
  for (std::size_t i = 0; i < 3; ++i) scratch.mark(i);
  const long self = context.kernel(SYS_pidfd_open, context.kernel(SYS_getpid), 0);
  if (failed(self)) return refused(errno_of(self), "pidfd_open is refused");
  const Descriptor process(context.kernel, static_cast<int>(self));
  const iovec ranges[2] = {{pointer_to<>(scratch.page(0)), page_bytes},
                           {pointer_to<>(scratch.page(2)), page_bytes}};
  const long answer = context.kernel(SYS_process_madvise, process.number(), ranges, 2, MADV_DONTNEED, 0);
  if (failed(answer)) return refused(errno_of(answer), "dropping pages by vector is refused");
  const bool right = answer == static_cast<long>(2 * page_bytes) && scratch.reads_zero(0) &&
                     scratch.is_marked(1) && scratch.reads_zero(2);
  return right ? works("dropped two ranges in one call")
               : misbehaves("accepted, and the pages were not dropped");
}

}  // namespace shunt::os
