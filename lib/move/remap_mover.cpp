#include "move/remap_mover.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "os/memory.hpp"
#include "os/pagemap.hpp"

namespace shunt {
namespace {

// A call splits the destination's VMA in three at worst; the source's stays whole under DONTUNMAP.
constexpr std::size_t vmas_a_call = 2;

}  // namespace

// Spans [first, last) of the batch, whose sources and destinations follow one another without a gap.
struct RemapMover::Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
  Address from = Address::null;
  Address to = Address::null;
  std::size_t bytes = 0;
  std::size_t done = 0;
  Reason reason = Reason::None;

  static Stretch starting_at(const MoveBatch& batch, std::size_t first) {
    const std::size_t offset = batch.outcomes[first].bytes_moved;
    Stretch stretch{first,
                    first + 1,
                    batch.spans[first].from + offset,
                    batch.spans[first].to + offset,
                    batch.spans[first].bytes - offset,
                    0,
                    Reason::None};
    while (stretch.last < batch.spans.size() && stretch.reaches(batch, stretch.last)) {
      stretch.bytes += batch.spans[stretch.last++].bytes;
    }
    return stretch;
  }

  bool reaches(const MoveBatch& batch, std::size_t next) const {
    const MoveSpan& span = batch.spans[next];
    return batch.outcomes[next].bytes_moved == 0 && span.from == from + bytes && span.to == to + bytes;
  }

  void write_outcomes(const MoveBatch& batch) const {
    std::size_t to_share = done;
    for (std::size_t i = first; i < last; ++i) {
      SpanOutcome& outcome = batch.outcomes[i];
      const std::size_t mine = std::min(to_share, batch.spans[i].bytes - outcome.bytes_moved);
      to_share -= mine;
      outcome.bytes_moved += mine;
      outcome.reason = outcome.bytes_moved == batch.spans[i].bytes ? Reason::None : reason;
    }
  }
};

Reason RemapMover::reason_of(int code) {
  switch (code) {
    case os::no_memory:
      budget_.spend_all();
      return Reason::VmaLimit;
    case os::bad_address:
      return Reason::VmaBorder;
    case os::try_again:  // mlocked beyond the limit
    case os::busy:
      return Reason::Busy;
    default:
      return Reason::Refused;
  }
}

// A failed FIXED call may have unmapped its destination before it failed; nobody else may land there.
void RemapMover::restore_reservation(AddressRange destination, VmaLookup& lookup) const {
  Address at = destination.start;
  while (at < destination.end()) {
    const std::optional<os::Vma> vma = lookup.at_or_after(at);
    const Address hole_end = vma ? std::min(vma->range.start, destination.end()) : destination.end();
    if (hole_end > at) os::map_hole(kernel_, {at, hole_end - at});
    at = vma ? vma->range.end() : destination.end();
  }
}

// VMAs move in order and whole, so what has moved is the VMAs at the front whose source holds no page any
// more. (One that never held a page may be counted too: there was nothing to move.)
std::size_t RemapMover::moved_prefix(AddressRange source, VmaLookup& lookup) const {
  std::size_t done = 0;
  while (done < source.bytes) {
    const std::size_t piece = lookup.bytes_in_one_vma({source.start + done, source.bytes - done});
    const Result<bool> holds = os::holds_any_page(kernel_, {source.start + done, piece});
    if (!holds || holds.value()) break;
    done += piece;
  }
  return done;
}

Reason RemapMover::move_piece(Address from, Address to, std::size_t bytes, MoveReport& report,
                              VmaLookup& lookup) {
  if (kind_ != MoverKind::RelocateMremap && !budget_.take(vmas_a_call)) return Reason::VmaLimit;
  const long answer = os::remap(kernel_, from, to, bytes, flags_);
  ++report.of(kind_).calls;
  if (!os::failed(answer)) return Reason::None;
  restore_reservation({to, bytes}, lookup);
  return reason_of(os::errno_of(answer));
}

void RemapMover::move_stretch(const MoveBatch& batch, Stretch& stretch, MoveReport& report,
                              VmaLookup& lookup) {
  const bool crosses_vmas = kind_ == MoverKind::RemapMulti;
  std::size_t limit = stretch.bytes;
  while (stretch.done < stretch.bytes) {
    const AddressRange source{stretch.from + stretch.done, limit - stretch.done};
    const Reason reason = move_piece(source.start, stretch.to + stretch.done, source.bytes, report, lookup);
    if (reason == Reason::None) {
      stretch.done = limit;
      limit = stretch.bytes;
      continue;
    }
    if (crosses_vmas) stretch.done += moved_prefix(source, lookup);
    if (stretch.done >= limit) {
      limit = stretch.bytes;
      continue;
    }
    const AddressRange rest{stretch.from + stretch.done, limit - stretch.done};
    const std::size_t piece = lookup.bytes_in_one_vma(rest);
    stretch.reason = reason;
    if (reason != Reason::VmaBorder || piece == source.bytes) break;
    limit = stretch.done + piece;
  }
  report.of(kind_).bytes += stretch.done;
  stretch.write_outcomes(batch);
}

void RemapMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  VmaLookup lookup(kernel_);
  for (std::size_t i = 0; i < batch.spans.size();) {
    if (batch.outcomes[i].bytes_moved == batch.spans[i].bytes) {
      ++i;
      continue;
    }
    Stretch stretch = Stretch::starting_at(batch, i);
    report.of(kind_).spans += stretch.last - stretch.first;
    move_stretch(batch, stretch, report, lookup);
    i = stretch.last;
  }
}

}  // namespace shunt
