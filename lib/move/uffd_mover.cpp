#include "move/uffd_mover.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "move/page_contents.hpp"
#include "move/vma_lookup.hpp"
#include "os/memory.hpp"
#include "os/userfaultfd.hpp"

namespace shunt {
namespace {

// How often "not now" is taken for an answer before the page goes to page copy. The kernel says EAGAIN while
// a fork, a migration or a split is under way; those end by themselves within microseconds.
constexpr unsigned patience_at_start = 64;

// The longest piece of the span's rest that stays within one VMA on both sides; 0 if either side is not plain
// readable and writable memory.
std::size_t piece_within_vmas(VmaLookup& lookup, Address from, Address to, std::size_t bytes) {
  if (!lookup.available()) return bytes;  // let the kernel's answer stand
  for (const Address start : {from, to}) {
    const std::optional<os::Vma> vma = lookup.covering(start);
    if (!vma || !vma->readable || !vma->writable) return 0;
    bytes = std::min(bytes, vma->range.end() - start);
  }
  return bytes;
}

}  // namespace

UffdMover::~UffdMover() {
  // A child's copy of the descriptor is its own to close, too; closing it does not disturb the parent.
  if (descriptor_ >= 0) os::close_descriptor(kernel_, descriptor_);
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
  if (descriptor_ >= 0) os::close_descriptor(kernel_, descriptor_);
  descriptor_ = -1;
  return open(reservation_).ok();
}

UffdMover::Next UffdMover::drop_zero_page(Address destination, SpanOutcome& outcome, MoveReport& report) {
  const AddressRange page{destination, page_bytes};
  VmaLookup lookup(kernel_);
  const std::optional<os::Vma> vma = lookup.covering(destination);
  const bool readable = !lookup.available() || (vma && vma->readable);
  if (!readable || !is_zero_page(destination) || os::failed(os::drop_pages(kernel_, page))) {
    outcome.reason = Reason::DestinationOccupied;
    return Next::GiveUp;
  }
  ++report.dropped_zero_pages;
  return Next::TryAgain;
}

// EBUSY means shared after fork, or pinned. A write parts the page from the child; what is busy even then is
// pinned.
UffdMover::Next UffdMover::unshare(Address source, SpanOutcome& outcome, MoveReport& report) {
  if (last_unshared_ == source) {
    outcome.reason = Reason::Pinned;
    return Next::GiveUp;
  }
  last_unshared_ = source;
  const long answer = os::populate_for_write(kernel_, {source, page_bytes});
  if (os::errno_of(answer) == os::no_memory) {
    outcome.reason = Reason::Busy;
    return Next::GiveUp;
  }
  if (os::failed(answer)) touch_for_write(source);
  ++report.unshared_pages;
  return Next::TryAgain;
}

UffdMover::Next UffdMover::answer(int code, const MoveSpan& span, SpanOutcome& outcome, unsigned& patience,
                                  MoveReport& report) {
  const Address from = span.from + outcome.bytes_moved;
  const Address to = span.to + outcome.bytes_moved;
  switch (code) {
    case os::interrupted:
    case os::try_again:
    case os::no_entry:  // with holes allowed: the page went away under the call and is being put back
      outcome.reason = Reason::Busy;
      if (patience-- == 0) return Next::GiveUp;
      os::yield_processor(kernel_);
      return Next::TryAgain;
    case os::exists:
      return drop_zero_page(to, outcome, report);
    case os::busy:
      return unshare(from, outcome, report);
    case os::bad_address:
      outcome.reason = Reason::Protected;
      return Next::GiveUp;
    case os::no_memory:
      outcome.reason = Reason::NoMemory;
      return Next::GiveUp;
    default:
      outcome.reason = Reason::Refused;
      return Next::GiveUp;
  }
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
    SHUNT_CHECK_SHALLOW(attempt.moved_bytes, <=, limit - done);
    counts.bytes += attempt.moved_bytes;
    outcome.bytes_moved += attempt.moved_bytes;
    if (attempt.code == 0) {
      limit = span.bytes;
      continue;
    }
    // EAGAIN with progress is not a refusal: it stopped at a page that the next call will name.
    if (attempt.moved_bytes != 0) patience = patience_at_start;
    if (attempt.moved_bytes != 0 && outcome.bytes_moved < limit) continue;
    if (attempt.code == os::invalid) {
      VmaLookup lookup(kernel_);
      const std::size_t at = outcome.bytes_moved;
      const std::size_t piece = piece_within_vmas(lookup, span.from + at, span.to + at, limit - at);
      outcome.reason = piece == 0 ? Reason::Protected : Reason::VmaBorder;
      if (piece == 0 || piece == limit - at) return;
      limit = at + piece;
      continue;
    }
    if (answer(attempt.code, span, outcome, patience, report) == Next::GiveUp) return;
  }
  outcome.reason = Reason::None;
}

void UffdMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  const bool usable = is_ours();
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    SpanOutcome& outcome = batch.outcomes[i];
    if (outcome.bytes_moved == batch.spans[i].bytes) continue;
    ++report.of(MoverKind::RelocateUserfaultfd).spans;
    if (!usable) {
      outcome.reason = Reason::Refused;
      continue;
    }
    if (batch.destination_warm) release_range(kernel_, batch.spans[i].destination());
    move_span(batch.spans[i], outcome, report);
  }
}

}  // namespace shunt
