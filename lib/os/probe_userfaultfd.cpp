// Does UFFDIO_MOVE move pages within a reservation that is registered for write protection alone?
//
// The layout, in pages (g: guard, m: marked, .: empty):
//     g m . m . . . . . . . . . . . g      before
//     g . . . . . . m . m . . . . . g      after moving pages 1-3 to 7-9
// and then page 12 must take an ordinary write fault, and page 1 must read as zero and take a write again.
#include <cerrno>

#include "os/memory.hpp"
#include "os/probe_scratch.hpp"
#include "os/probes.hpp"
#include "os/userfaultfd.hpp"

namespace shunt::os {
namespace {

constexpr std::size_t area_first = 1;
constexpr std::size_t area_pages = 14;
constexpr std::size_t from = 1;
constexpr std::size_t to = 7;
constexpr std::size_t moved_pages = 3;  // the middle one is a hole
constexpr std::size_t fault_page = 12;
constexpr int attempts = 16;  // EAGAIN: somebody else looked at the folio; EBUSY: it was briefly pinned

MoveAttempt move_all(const ProbeContext& context, int descriptor, Address source, Address destination) {
  MoveAttempt total;
  constexpr std::size_t bytes = moved_pages * page_bytes;
  for (int i = 0; i < attempts && total.moved_bytes < bytes; ++i) {
    const std::size_t done = total.moved_bytes;
    const MoveAttempt step =
        move_pages(context.kernel, descriptor, source + done, destination + done, bytes - done);
    total = {done + step.moved_bytes, step.code};
    if (step.code != 0 && step.code != EAGAIN && step.code != EBUSY) break;
  }
  return total;
}

bool is_one_vma(const ProbeContext& context, AddressRange area) {
  if (context.vmas == nullptr) return true;  // nobody to ask; the contents below still count
  const Result<std::optional<Vma>> vma = context.vmas->at_or_after(area.start);
  return vma.ok() && vma.value() && vma.value()->range == area;
}

const char* what_is_wrong_after(const ProbeScratch& scratch) {
  for (std::size_t i = 0; i < moved_pages; ++i) {
    if (scratch.is_resident(from + i)) return "it answered success and pages stayed at the source";
  }
  if (scratch.is_resident(to + 1)) return "a hole in the source became a page at the destination";
  for (const std::size_t i : {std::size_t{0}, moved_pages - 1}) {
    if (!scratch.holds(scratch.page(to + i), scratch.marker(from + i)))
      return "it answered success and the contents did not arrive";
  }
  if (!scratch.reads_zero(from) || !scratch.reads_zero(to + 1))
    return "a vacated page or a hole does not read as zero";
  return nullptr;
}

bool takes_ordinary_faults(ProbeScratch& scratch) {
  for (const std::size_t i : {fault_page, from}) {
    scratch.mark(i);
    if (!scratch.is_marked(i)) return false;
  }
  return true;
}

}  // namespace

CapabilityOutcome probe_userfaultfd_opens(const ProbeContext& context, Descriptor& opened) {
  const long answer = open_userfaultfd(context.kernel);
  if (failed(answer))
    return refused(errno_of(answer), "user-mode userfaultfd with the MOVE feature is refused");
  opened = Descriptor(context.kernel, static_cast<int>(answer));
  return works("opened in user mode, MOVE accepted");
}

CapabilityOutcome probe_userfaultfd_move(const ProbeContext& context, int descriptor) {
  Result<ProbeScratch> mapped = ProbeScratch::map(context.kernel, area_pages + 2);
  if (!mapped) return no_scratch(mapped.error());
  ProbeScratch& scratch = mapped.value();
  const AddressRange area = scratch.pages(area_first, area_pages);
  if (!scratch.open(area_first, area_pages)) return refused(0, "mprotect is refused");
  const long registered = register_userfaultfd(context.kernel, descriptor, area);
  if (failed(registered)) return refused(errno_of(registered), "registering for write protection is refused");
  if (!is_one_vma(context, area)) return misbehaves("registering split the VMA");

  scratch.mark(from);
  scratch.mark(from + moved_pages - 1);
  const MoveAttempt attempt = move_all(context, descriptor, scratch.page(from), scratch.page(to));
  if (attempt.moved_bytes != moved_pages * page_bytes) return refused(attempt.code, "UFFDIO_MOVE is refused");
  if (const char* wrong = what_is_wrong_after(scratch)) return misbehaves(wrong);
  if (!takes_ordinary_faults(scratch)) return misbehaves("an ordinary write in the registered area was lost");
  if (!is_one_vma(context, area)) return misbehaves("it moved pages and added VMAs");
  return works("moved pages and kept the hole, no VMA added, ordinary faults go on");
}

}  // namespace shunt::os
