// memcpy, then memset of what was vacated.
#include "memset_copy.hpp"

#include <chrono>
#include <cstring>

#include "os/memory.hpp"

namespace shunt::baselines {

bool MemsetCopy::prepare_destination(AddressRange destination) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const long answer = os::populate_for_write(kernel_, destination);
  const std::chrono::nanoseconds taken = Clock::now() - start;
  excluded_nanoseconds_ += static_cast<std::uint64_t>(taken.count());
  return os::errno_of(answer) != os::no_memory;
}

std::size_t MemsetCopy::copy_cluster(const MarkBitmap& marks, AddressRange source, Address to) {
  const Address start = to;
  marks.for_each_live_span(source, [&](AddressRange live) {
    std::memcpy(pointer_to(to), pointer_to(live.start), live.bytes);
    if (zeroing_ == Zeroing::LiveBytes) std::memset(pointer_to(live.start), 0, live.bytes);
    to += live.bytes;
  });
  return to - start;
}

void MemsetCopy::release(AddressRange vacated) {
  if (zeroing_ == Zeroing::WholeSource) std::memset(pointer_to(vacated.start), 0, vacated.bytes);
}

void MemsetCopy::move_runs(const MoveBatch& batch, MoveReport& report) {
  MoverCounts& counts = report.of(MoverKind::PageCopy);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const MoveSpan& span = batch.spans[i];
    SpanOutcome& outcome = batch.outcomes[i];
    const std::size_t done = outcome.bytes_moved;
    const std::size_t rest = span.bytes - done;
    ++counts.spans;
    if (!prepare_destination({span.to + done, rest})) {
      outcome.reason = Reason::NoMemory;
      ++report.left[static_cast<std::size_t>(Reason::NoMemory)];
      continue;
    }
    std::memcpy(pointer_to(span.to + done), pointer_to(span.from + done), rest);
    std::memset(pointer_to(span.from + done), 0, rest);
    outcome = {span.bytes, Reason::None};
    counts.bytes += rest;
    ++counts.calls;
  }
}

}  // namespace shunt::baselines
