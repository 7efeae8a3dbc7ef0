#include "move/page_copy.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "move/page_contents.hpp"
#include "os/memory.hpp"

namespace shunt {
namespace {

std::size_t same_kind_pages(Address start, std::size_t bytes, bool zero) {
  std::size_t length = page_bytes;
  while (length < bytes && is_zero_page(start + length) == zero) length += page_bytes;
  return length;
}

// Adjacent vacated ranges become one release.
class ReleaseQueue {
 public:
  explicit ReleaseQueue(const os::SystemCalls& kernel) : kernel_(kernel) {}
  ~ReleaseQueue() { flush(); }
  ReleaseQueue(const ReleaseQueue&) = delete;
  ReleaseQueue& operator=(const ReleaseQueue&) = delete;

  void add(AddressRange range) {
    if (pending_.bytes != 0 && pending_.end() == range.start && pending_.bytes < PageCopyMover::chunk_bytes) {
      pending_.bytes += range.bytes;
      return;
    }
    flush();
    pending_ = range;
  }
  void flush() {
    if (pending_.bytes != 0) release_range(kernel_, pending_);
    pending_ = {};
  }

 private:
  const os::SystemCalls& kernel_;
  AddressRange pending_{};
};

}  // namespace

bool release_range(const os::SystemCalls& kernel, AddressRange range) {
  if (!os::failed(os::drop_pages(kernel, range))) return true;
  if (!os::failed(os::drop_locked_pages(kernel, range))) return true;
  for (Address page = range.start; page < range.end(); page += page_bytes) {
    if (!is_zero_page(page)) std::memset(pointer_to(page), 0, page_bytes);  // holes stay holes
  }
  return false;
}

bool PageCopyMover::copy_present_pages(Address from, Address to, std::size_t bytes, bool destination_warm) {
  // Without the advice (before 5.14) the copy faults page by page: slower, same result. ENOMEM is a real
  // answer.
  if (!destination_warm && bytes > page_bytes) {
    if (os::errno_of(os::populate_for_write(kernel_, {to, bytes})) == os::no_memory) return false;
  }
  std::memcpy(pointer_to(to), pointer_to(from), bytes);
  return true;
}

bool PageCopyMover::copy_chunk(Address from, Address to, std::size_t bytes, bool destination_warm) {
  if (destination_warm) return copy_present_pages(from, to, bytes, true);
  for (std::size_t done = 0; done < bytes;) {
    const bool zero = is_zero_page(from + done);
    const std::size_t length = same_kind_pages(from + done, bytes - done, zero);
    if (!zero && !copy_present_pages(from + done, to + done, length, false)) {
      release_range(kernel_, {to, done + length});
      return false;
    }
    done += length;
  }
  return true;
}

void PageCopyMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  MoverCounts& counts = report.of(MoverKind::PageCopy);
  ReleaseQueue releases(kernel_);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const MoveSpan& span = batch.spans[i];
    SpanOutcome& outcome = batch.outcomes[i];
    counts.spans += outcome.bytes_moved < span.bytes;
    outcome.reason = Reason::None;
    while (outcome.bytes_moved < span.bytes) {
      const std::size_t bytes = std::min(chunk_bytes, span.bytes - outcome.bytes_moved);
      const AddressRange source{span.from + outcome.bytes_moved, bytes};
      if (!copy_chunk(source.start, span.to + outcome.bytes_moved, bytes, batch.destination_warm)) {
        outcome.reason = Reason::NoMemory;
        break;
      }
      if (batch.release_sources) releases.add(source);
      outcome.bytes_moved += bytes;
      counts.bytes += bytes;
      ++counts.calls;
    }
  }
}

}  // namespace shunt
