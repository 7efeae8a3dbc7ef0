// Chunks, holes, destinations populated at once, sources given back at once.
#include "move/page_copy.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "move/copy_group.hpp"
#include "move/copy_pages.hpp"
#include "move/hole_filling.hpp"
#include "move/page_contents.hpp"
#include "move/release_queue.hpp"
#include "os/memory.hpp"

namespace shunt {
namespace {

// Less than this stays in the second-level cache, where whoever asked for the copy will look for it.
constexpr std::size_t worth_streaming = std::size_t{256} << 10;

std::size_t bytes_left(const MoveBatch& batch) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch.spans.size(); ++i)
    bytes += batch.spans[i].bytes - batch.outcomes[i].bytes_moved;
  return bytes;
}

}  // namespace

bool release_range(const os::SystemCalls& kernel, AddressRange range) {
  const long answer = os::drop_pages(kernel, range);
  if (!os::failed(answer) || !os::failed(os::drop_locked_pages(kernel, range))) return true;
  // ENOMEM: a part is not mapped. That is no place to write to.
  const bool may_have_gaps = os::errno_of(answer) == os::no_memory;
  for (Address page = range.start; page < range.end(); page += page_bytes) {
    if (may_have_gaps && !is_fully_mapped(kernel, {page, page_bytes})) continue;
    if (!is_zero_page(page)) std::memset(pointer_to(page), 0, page_bytes);  // holes stay holes
  }
  return false;
}

void PageCopyMover::move_to_warm(const MoveBatch& batch, ReleaseQueue& releases, MoverCounts& counts) {
  const CopyStyle style = bytes_left(batch) >= worth_streaming ? CopyStyle::Streamed : CopyStyle::Cached;
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const MoveSpan& span = batch.spans[i];
    SpanOutcome& outcome = batch.outcomes[i];
    outcome.reason = Reason::None;
    if (outcome.bytes_moved == span.bytes) continue;
    const AddressRange source{span.from + outcome.bytes_moved, span.bytes - outcome.bytes_moved};
    const Address next = i + 1 < batch.spans.size() ? batch.spans[i + 1].from : source.start;
    copy_pages(span.to + outcome.bytes_moved, source.start, source.bytes, next, style);
    if (batch.release_sources) releases.add(source);
    outcome.bytes_moved = span.bytes;
    counts.bytes += source.bytes;
    ++counts.spans;
    ++counts.calls;
  }
  finish_streaming();
}

void PageCopyMover::move_to_empty(const MoveBatch& batch, ReleaseQueue& releases, MoverCounts& counts) {
  CopyGroup group(kernel_, batch, releases, counts);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    SpanOutcome& outcome = batch.outcomes[i];
    outcome.reason = Reason::None;
    counts.spans += outcome.bytes_moved < batch.spans[i].bytes;
    std::size_t at = outcome.bytes_moved;
    while (at < batch.spans[i].bytes && outcome.reason == Reason::None) at += group.add_piece(i, at);
  }
  group.flush();
}

void PageCopyMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  MoverCounts& counts = report.of(MoverKind::PageCopy);
  ReleaseQueue releases(kernel_, vectors_work_);
  if (batch.destination_warm) {
    move_to_warm(batch, releases, counts);
  } else {
    move_to_empty(batch, releases, counts);
  }
}

}  // namespace shunt
