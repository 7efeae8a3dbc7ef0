// Does mremap with the relocate-anon flags (an RFC, in no release) make moved memory mergeable where it
// lands?
//
// The middle page of three goes next to a faulted page of another mapping. A plain mremap keeps the page's
// old offset, so two VMAs stay; a relocating one leaves a single VMA over both. Only that merge counts:
// kernels may come that accept the bits and ignore them.
#include <cerrno>

#include "os/memory.hpp"
#include "os/probe_scratch.hpp"
#include "os/probes.hpp"

namespace shunt::os {
namespace {

constexpr std::size_t source = 2;     // g 1 [2] 3 g
constexpr std::size_t neighbour = 1;  // g 1 [2] g
constexpr std::size_t destination = 2;

void mark_pages(ProbeScratch& scratch, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i <= last; ++i) scratch.mark(i);
}

const char* what_is_wrong_after(const ProbeContext& context, const ProbeScratch& from,
                                const ProbeScratch& to) {
  if (!to.holds(to.page(destination), from.marker(source)))
    return "the flag was accepted and the page did not arrive";
  if (from.is_marked(source)) return "the flag was accepted and the source still holds the page";
  if (!from.reads_zero(source)) return "the flag was accepted and the source is not mapped any more";
  if (!to.is_marked(neighbour)) return "the neighbour's contents changed";
  const Result<std::optional<Vma>> vma = context.vmas->at_or_after(to.page(neighbour));
  if (!vma.ok() || !vma.value()) return "the merge could not be seen";
  if (vma.value()->range != to.pages(neighbour, 2)) return "the flag was accepted and the VMAs did not merge";
  return nullptr;
}

CapabilityOutcome try_flags(const ProbeContext& context, unsigned flags) {
  Result<ProbeScratch> from_mapped = ProbeScratch::map(context.kernel, 5);
  if (!from_mapped) return no_scratch(from_mapped.error());
  Result<ProbeScratch> to_mapped = ProbeScratch::map(context.kernel, 4);
  if (!to_mapped) return no_scratch(to_mapped.error());
  ProbeScratch& from = from_mapped.value();
  ProbeScratch& to = to_mapped.value();
  if (!from.open(1, 3) || !to.open(1, 2)) return refused(0, "mprotect is refused");
  mark_pages(from, 1, 3);
  mark_pages(to, 1, 2);
  if (!from.is_marked(source) || !to.is_marked(destination)) return no_proof();

  // As the mover will call it: the source stays mapped, so that nobody can land there.
  const long answer =
      remap(context.kernel, from.page(source), to.page(destination), page_bytes, flags | remap_keep_source);
  const char* wrong = failed(answer) ? nullptr : what_is_wrong_after(context, from, to);
  if (!from.reads_zero(source)) from.settle_source(source);
  to.settle_destination(destination, from.marker(source));
  if (failed(answer))
    return refused(errno_of(answer), "mremap refuses the relocate-anon flags, as all releases do");
  if (wrong != nullptr) return misbehaves(wrong);
  return works("the moved page merged into a faulted neighbour");
}

}  // namespace

CapabilityOutcome probe_relocate_anonymous(const ProbeContext& context, unsigned& flags) {
  flags = 0;
  if (context.vmas == nullptr) return refused(0, "without /proc/self/maps no merge can be seen");
  // The strict form first: it fails where the lenient one would silently fall back.
  CapabilityOutcome worst = refused(EINVAL, "");
  for (const unsigned candidate :
       {remap_relocate_anonymous | remap_must_relocate_anonymous, remap_relocate_anonymous}) {
    const CapabilityOutcome outcome = try_flags(context, candidate);
    if (outcome.state == CapabilityState::Works) {
      flags = candidate;
      return outcome;
    }
    if (outcome.state >= worst.state) worst = outcome;
  }
  return worst;
}

}  // namespace shunt::os
