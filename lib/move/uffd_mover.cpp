// One UFFDIO_MOVE after another, and the answer to each of its errors.
#include "move/uffd_mover.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "move/page_contents.hpp"
#include "move/release_queue.hpp"
#include "move/vma_lookup.hpp"
#include "os/memory.hpp"
#include "os/userfaultfd.hpp"

namespace shunt {
namespace {

// How often an answer that brings no page further is taken before the page goes to page copy. The kernel says
// EAGAIN while a fork, a migration or a split is under way; those end by themselves within microseconds.
constexpr unsigned patience_at_start = 64;

// ENOTTY: the number names a file of somebody else by now.
constexpr int not_this_kind_of_file = 25;

// The longest piece of the span's rest that stays within one VMA on both sides; 0 if either side is not plain
// readable and writable memory.
std::size_t piece_within_vmas(VmaLookup& lookup, Address from, Address to, std::size_t bytes) {
  if (!lookup.available()) return bytes;  // let the kernel's answer stand
  for (const Address start : {from, to}) {
    const std::optional<os::Vma> vma = lookup.covering(start);
    if (!vma || !VmaLookup::is_plain(*vma)) return 0;
    bytes = std::min(bytes, vma->range.end() - start);
  }
  return bytes;
}

// How much of the destination, from its start, reads as zeros; at most up to the next huge page border,
// because the zero page may be a huge one.
std::size_t leading_zero_bytes(AddressRange destination) {
  const Address border = align_down(destination.start, huge_page_bytes) + huge_page_bytes;
  const Address end = std::min(destination.end(), border);
  Address at = destination.start;
  while (at < end && is_zero_page(at)) at += page_bytes;
  return at - destination.start;
}

bool drop(const os::SystemCalls& kernel, AddressRange range) {
  return !os::failed(os::drop_pages(kernel, range)) || !os::failed(os::drop_locked_pages(kernel, range));
}

// Packed destinations follow one another: dropped together they are one call and one TLB flush, not one a
// span.
void empty_destinations(const os::SystemCalls& kernel, const MoveBatch& batch) {
  bool vectors_work = true;
  ReleaseQueue drops(kernel, vectors_work);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const AddressRange left = batch.spans[i].destination_from(batch.outcomes[i].bytes_moved);
    if (left.bytes != 0) drops.add(left);
  }
}

}  // namespace

UffdMover::~UffdMover() { close(); }

// A host may close every descriptor that it does not know (daemons do, after fork), and the number may name
// another file by now, which is not ours to close. A child's copy of the descriptor is its own to close.
void UffdMover::close() {
  if (descriptor_ < 0) return;
  if (os::is_userfaultfd(kernel_, descriptor_)) os::close_descriptor(kernel_, descriptor_);
  descriptor_ = -1;
}

Result<void> UffdMover::open(AddressRange reservation) {
  reservation_ = reservation;
  Result<os::ForkGuard> guard = os::ForkGuard::create(kernel_);
  if (!guard) return guard.error();
  const long descriptor = os::open_userfaultfd(kernel_);
  if (os::failed(descriptor)) {
    return Error{"userfaultfd", os::errno_of(descriptor),
                 "allow userfaultfd in the sandbox, or use SHUNT_ENGINE=remap"};
  }
  const long answer = os::register_userfaultfd(kernel_, static_cast<int>(descriptor), reservation);
  if (os::failed(answer)) {
    os::close_descriptor(kernel_, static_cast<int>(descriptor));
    return Error{"UFFDIO_REGISTER", os::errno_of(answer),
                 "leave the reservation to Shunt: one private anonymous mapping"};
  }
  descriptor_ = static_cast<int>(descriptor);
  fork_guard_ = guard.take();
  return {};
}

bool UffdMover::is_ours() {
  if (descriptor_ >= 0 && fork_guard_.in_creator()) return true;
  close();
  return open(reservation_).ok();
}

// A destination that was only read holds the zero page. All of them that follow are dropped at once: they
// come in rows. Never a page with contents.
UffdMover::Next UffdMover::drop_zero_pages(AddressRange destination, SpanOutcome& outcome,
                                           MoveReport& report) {
  VmaLookup lookup(kernel_);
  const std::optional<os::Vma> vma = lookup.covering(destination.start);
  const bool readable = !lookup.available() || (vma && vma->readable);
  if (vma) destination.bytes = std::min(destination.bytes, vma->range.end() - destination.start);
  const std::size_t zeros = readable ? leading_zero_bytes(destination) : 0;
  if (zeros == 0) {
    outcome.reason = Reason::DestinationOccupied;
    return Next::GiveUp;
  }
  if (!drop(kernel_, {destination.start, zeros})) {
    outcome.reason = Reason::Refused;  // nothing with contents is in the way: a copy may have it
    return Next::GiveUp;
  }
  report.dropped_zero_pages += zeros / page_bytes;
  outcome.reason = Reason::Busy;
  return Next::TryAgain;
}

// EBUSY means shared after fork, or pinned. A write parts the page from the child; what is busy even then is
// pinned. A page that cannot be written to is not touched: that would be a fault.
UffdMover::Next UffdMover::unshare(Address source, SpanOutcome& outcome, MoveReport& report) {
  if (last_unshared_ == source) {
    outcome.reason = Reason::Pinned;
    return Next::GiveUp;
  }
  last_unshared_ = source;
  const int code = os::errno_of(os::populate_for_write(kernel_, {source, page_bytes}));
  if (code == os::invalid || code == os::not_permitted || code == os::not_implemented) {
    touch_for_write(source);  // the advice is not there: before 5.14, or in a sandbox
  } else if (code != 0) {
    outcome.reason = code == os::no_memory ? Reason::Busy : Reason::Protected;
    return Next::GiveUp;
  }
  ++report.unshared_pages;
  return Next::TryAgain;
}

UffdMover::Next UffdMover::answer(int code, const MoveSpan& span, SpanOutcome& outcome, MoveReport& report) {
  const Address from = span.from + outcome.bytes_moved;
  const Address to = span.to + outcome.bytes_moved;
  switch (code) {
    case os::interrupted:
    case os::try_again:
    case os::no_entry:  // with holes allowed: the page went away under the call and is being put back
      outcome.reason = Reason::Busy;
      os::yield_processor(kernel_);
      return Next::TryAgain;
    case os::exists:
      return drop_zero_pages({to, span.bytes - outcome.bytes_moved}, outcome, report);
    case os::busy:
      return unshare(from, outcome, report);
    case os::bad_address:
      outcome.reason = Reason::Protected;
      return Next::GiveUp;
    case os::no_memory:
      outcome.reason = Reason::NoMemory;
      return Next::GiveUp;
    case os::bad_descriptor:
    case not_this_kind_of_file:
      descriptor_ = -1;  // closed behind our back: the next batch opens another
      [[fallthrough]];
    default:
      outcome.reason = Reason::Refused;
      return Next::GiveUp;
  }
}

// EINVAL: a VMA border is in the range, or the two sides differ in protection, locking or sharing. `limit`
// shrinks to the next border; false when that does not help.
bool UffdMover::shrink_to_vmas(const MoveSpan& span, SpanOutcome& outcome, std::size_t& limit) {
  VmaLookup lookup(kernel_);
  const std::size_t at = outcome.bytes_moved;
  const std::size_t piece = piece_within_vmas(lookup, span.from + at, span.to + at, limit - at);
  outcome.reason = piece == 0 ? Reason::Protected : Reason::VmaBorder;
  if (piece == 0 || piece == limit - at) return false;
  limit = at + piece;
  return true;
}

void UffdMover::move_span(const MoveSpan& span, SpanOutcome& outcome, MoveReport& report) {
  MoverCounts& counts = report.of(MoverKind::RelocateUserfaultfd);
  unsigned patience = patience_at_start;
  std::size_t limit = span.bytes;  // end of the piece that is tried now; shrinks at VMA borders
  last_unshared_ = Address::null;
  while (outcome.bytes_moved < span.bytes) {
    const std::size_t done = outcome.bytes_moved;
    const os::MoveAttempt attempt =
        os::move_pages(kernel_, descriptor_, span.from + done, span.to + done, limit - done);
    ++counts.calls;
    SHUNT_CHECK(attempt.moved_bytes, <=, limit - done);
    counts.bytes += attempt.moved_bytes;
    outcome.bytes_moved += attempt.moved_bytes;
    if (outcome.bytes_moved == limit) limit = span.bytes;
    // Progress is never a refusal: it stopped at a page that the next call will name.
    if (attempt.moved_bytes != 0) {
      patience = patience_at_start;
      continue;
    }
    const bool shrunk = attempt.code == os::invalid && shrink_to_vmas(span, outcome, limit);
    if (attempt.code == os::invalid && !shrunk) return;
    if (!shrunk && answer(attempt.code, span, outcome, report) == Next::GiveUp) return;
    if (patience-- == 0) return;
  }
  outcome.reason = Reason::None;
}

void UffdMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  bool usable = is_ours();
  if (batch.destination_warm) empty_destinations(kernel_, batch);
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const MoveSpan& span = batch.spans[i];
    SpanOutcome& outcome = batch.outcomes[i];
    if (outcome.bytes_moved == span.bytes) continue;
    ++report.of(MoverKind::RelocateUserfaultfd).spans;
    if (usable) {
      move_span(span, outcome, report);
      usable = descriptor_ >= 0;
    } else {
      outcome.reason = Reason::Refused;
    }
  }
}

}  // namespace shunt
