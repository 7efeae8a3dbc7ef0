// memcpy, then memset of what was vacated.
#include "memset_copy.hpp"

#include <cstring>
#include <vector>

#include "base/clock.hpp"
#include "os/memory.hpp"

namespace shunt::baselines {

bool MemsetCopy::prepare_destination(AddressRange destination) {
  const std::uint64_t start = nanoseconds_now();
  const long answer = os::populate_for_write(kernel_, destination);
  excluded_nanoseconds_ += nanoseconds_now() - start;
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

// Pages that are not in memory read as zeros already: touching them would only fault them in. Asking which
// they are is not counted.
void MemsetCopy::release(AddressRange vacated) {
  if (zeroing_ != Zeroing::WholeSource) return;
  const std::uint64_t start = nanoseconds_now();
  std::vector<unsigned char> resident(vacated.bytes >> page_shift, 1);
  os::resident_pages(kernel_, vacated, resident.data());
  excluded_nanoseconds_ += nanoseconds_now() - start;
  for (std::size_t page = 0; page < resident.size();) {
    const std::size_t first = page;
    while (page < resident.size() && (resident[page] & 1) != 0) ++page;
    std::memset(pointer_to(vacated.start + first * page_bytes), 0, (page - first) * page_bytes);
    while (page < resident.size() && (resident[page] & 1) == 0) ++page;
  }
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
