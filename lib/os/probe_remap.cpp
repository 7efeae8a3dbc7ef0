// Does mremap to a fixed place move pages: one VMA, several in one call, leaving a hole or an empty source?
//
// The source VMAs and the destination stand between guards, so nothing here merges with anything. Two source
// VMAs are made by protection (read-write and read-only): a hole between them would be open to other threads'
// mmap and could be carried along, so holes are not tried here.
#include <cerrno>

#include "os/memory.hpp"
#include "os/probe_scratch.hpp"
#include "os/probes.hpp"

namespace shunt::os {
namespace {

// A marked source and a marked destination of `count` pages each, both at pages 1.. of their scratch.
struct RemapStage {
  const ProbeContext& context;
  ProbeScratch from;
  ProbeScratch to;
  std::size_t count;

  bool prepare() {
    if (!from.open(1, count) || !to.open(1, count)) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      from.mark(i);
      to.mark(i);
    }
    return count == 1 || from.make_read_only(count);
  }

  bool marks_can_be_seen() const {
    for (std::size_t i = 1; i <= count; ++i) {
      if (!from.is_marked(i) || !to.is_marked(i)) return false;
    }
    return true;
  }

  const char* what_is_wrong_after(bool keep_source) const {
    for (std::size_t i = 1; i <= count; ++i) {
      if (!to.holds(to.page(i), from.marker(i))) return "it answered success and a page did not arrive";
      // Residency first: looking at the contents of an empty page brings the zero page in.
      if (from.is_resident(i)) return "it answered success and the source still holds memory";
      if (from.is_marked(i)) return "it answered success and the source still holds the page";
      if (!keep_source) continue;
      if (!from.reads_zero(i)) return "the source did not stay mapped and empty";
    }
    return nullptr;
  }

  void settle(bool keep_source) {
    for (std::size_t i = 1; i <= count; ++i) {
      if (!keep_source || !from.reads_zero(i)) from.settle_source(i);
      to.settle_destination(i, from.marker(i));
    }
  }
};

CapabilityOutcome try_remap(const ProbeContext& context, std::size_t count, bool keep_source,
                            const char* seen) {
  Result<ProbeScratch> from = ProbeScratch::map(context.kernel, count + 2);
  if (!from) return no_scratch(from.error());
  Result<ProbeScratch> to = ProbeScratch::map(context.kernel, count + 2);
  if (!to) return no_scratch(to.error());
  RemapStage stage{context, from.take(), to.take(), count};
  if (!stage.prepare()) return refused(0, "mprotect is refused");
  if (!stage.marks_can_be_seen()) return no_proof();

  const long answer = remap(context.kernel, stage.from.page(1), stage.to.page(1), count * page_bytes,
                            keep_source ? remap_keep_source : 0);
  const char* wrong = failed(answer) ? nullptr : stage.what_is_wrong_after(keep_source);
  stage.settle(keep_source);
  if (failed(answer)) return refused(errno_of(answer), "mremap refuses it");
  return wrong != nullptr ? misbehaves(wrong) : works(seen);
}

}  // namespace

CapabilityOutcome probe_remap(const ProbeContext& context, bool keep_source) {
  return try_remap(
      context, 1, keep_source,
      keep_source ? "moved a page, the source stayed mapped and empty" : "moved a page, the source is gone");
}

CapabilityOutcome probe_remap_many(const ProbeContext& context, bool keep_source) {
  return try_remap(context, 2, keep_source,
                   keep_source ? "moved two VMAs in one call, both sources stayed mapped and empty"
                               : "moved two VMAs in one call");
}

}  // namespace shunt::os
