// One call a run; on refusal a copy.
#include "mremap_per_run.hpp"

#include <cstring>

#include "os/memory.hpp"

namespace shunt::baselines {
namespace {

Reason reason_of(int code) {
  if (code == os::no_memory) return Reason::VmaLimit;
  return code == os::bad_address ? Reason::VmaBorder : Reason::Refused;
}

}  // namespace

void MremapPerRun::move_runs(const MoveBatch& batch, MoveReport& report) {
  MoverCounts& counts = report.of(MoverKind::RemapSingle);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const MoveSpan& span = batch.spans[i];
    SpanOutcome& outcome = batch.outcomes[i];
    const std::size_t done = outcome.bytes_moved;
    const std::size_t rest = span.bytes - done;
    const long answer = os::remap(kernel_, span.from + done, span.to + done, rest, os::remap_keep_source);
    ++counts.spans;
    ++counts.calls;
    if (os::failed(answer)) {
      copy_instead(span, outcome, os::errno_of(answer), report);
      continue;
    }
    outcome = {span.bytes, Reason::None};
    counts.bytes += rest;
  }
}

// A failed mremap may have unmapped the destination already: it is mapped again, or the run stays.
void MremapPerRun::copy_instead(const MoveSpan& span, SpanOutcome& outcome, int code, MoveReport& report) {
  const AddressRange from{span.from + outcome.bytes_moved, span.bytes - outcome.bytes_moved};
  const AddressRange to{span.to + outcome.bytes_moved, from.bytes};
  ++runs_refused_;
  ++report.fallbacks[static_cast<std::size_t>(reason_of(code))];
  os::map_hole(kernel_, to);
  if (!pages_.prepare_destination(to)) {
    outcome.reason = Reason::NoMemory;
    ++report.left[static_cast<std::size_t>(Reason::NoMemory)];
    return;
  }
  std::memcpy(pointer_to(to.start), pointer_to(from.start), from.bytes);
  os::drop_pages(kernel_, from);
  MoverCounts& counts = report.of(MoverKind::PageCopy);
  ++counts.spans;
  ++counts.calls;
  counts.bytes += from.bytes;
  outcome = {span.bytes, Reason::None};
}

}  // namespace shunt::baselines
