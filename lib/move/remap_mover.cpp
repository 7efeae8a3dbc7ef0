// Stretches of adjacent spans, one mremap each; what to do when one fails half way.
#include "move/remap_mover.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "move/hole_filling.hpp"
#include "move/page_contents.hpp"
#include "os/memory.hpp"
#include "os/pagemap.hpp"

namespace shunt {
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

// A failed FIXED call may have unmapped its destination before it failed; nobody else may land there. False:
// part of it is not ours to use, because it could not be mapped again or somebody was quicker.
bool RemapMover::restore_reservation(AddressRange destination, VmaLookup& lookup) const {
  const bool whole = fill_holes(kernel_, destination, [](AddressRange) {});
  return whole && lookup.plain_bytes(destination) == destination.bytes;
}

// VMAs move in order and whole, so all in front of the first page that the source still holds has moved, or
// was a hole. Where the kernel does not say what it holds (no /proc), the destination does, if it may be
// read: it was empty, so all up to its last page with contents has moved. A call that is made again for pages
// that have moved would put emptiness over them.
std::size_t RemapMover::moved_prefix(AddressRange source, Address to, bool destination_is_whole) const {
  const Result<std::size_t> emptied = os::bytes_before_first_page(kernel_, source);
  if (emptied) return emptied.value();
  std::size_t done = destination_is_whole ? source.bytes : 0;
  while (done != 0 && is_zero_page(to + done - page_bytes)) done -= page_bytes;
  return done;
}

// Under DONTUNMAP the source's VMAs stay as they are. At the destination each of them makes one, and the VMA
// that was there may be left in two parts.
std::size_t RemapMover::vmas_made_at_most(AddressRange source, VmaLookup& lookup) const {
  std::size_t vmas = 1;
  if (kind_ != MoverKind::RemapMulti) return vmas + 1;
  for (std::size_t done = 0; done < source.bytes; ++vmas) {
    const AddressRange rest{source.start + done, source.bytes - done};
    done += rest.bytes > page_bytes ? lookup.bytes_in_one_vma(rest) : rest.bytes;
  }
  return vmas;
}

// Up to the next border. 0: the borders cannot be seen, and this kernel may unmap the destination before it
// looks for one. At the limit of VMAs neither a reader nor the destination might be had then.
std::size_t RemapMover::bytes_to_try(AddressRange source, VmaLookup& lookup) const {
  return lookup.bytes_known_in_one_vma(source).value_or(kind_ == MoverKind::RemapSingle ? 0 : source.bytes);
}

Reason RemapMover::move_piece(AddressRange source, Address to, MoveReport& report, VmaLookup& lookup) {
  const bool makes_vmas = kind_ != MoverKind::RelocateMremap;
  if (makes_vmas && !budget_.take(vmas_made_at_most(source, lookup))) return Reason::VmaLimit;
  const long answer = os::remap(kernel_, source.start, to, source.bytes, flags_);
  ++report.of(kind_).calls;
  if (!os::failed(answer)) return Reason::None;
  const Reason reason = reason_of(os::errno_of(answer));
  // Where the destination is lost nothing may be copied to it, either.
  return restore_reservation({to, source.bytes}, lookup) ? reason : Reason::Protected;
}

void RemapMover::move_stretch(const MoveBatch& batch, Stretch& stretch, MoveReport& report,
                              VmaLookup& lookup) {
  if (batch.destination_warm) release_range(kernel_, {stretch.to, stretch.bytes});
  bool within_one_vma = kind_ == MoverKind::RemapSingle;
  while (stretch.done < stretch.bytes) {
    AddressRange source{stretch.from + stretch.done, stretch.bytes - stretch.done};
    if (within_one_vma) source.bytes = bytes_to_try(source, lookup);
    if (source.bytes == 0) {
      stretch.reason = Reason::VmaBorder;
      break;
    }
    const std::uint64_t calls = report.of(kind_).calls;
    stretch.reason = move_piece(source, stretch.to + stretch.done, report, lookup);
    std::size_t moved = stretch.reason == Reason::None ? source.bytes : 0;
    // Also of the per-VMA mover: where borders cannot be seen its call may have crossed some.
    const bool call_failed = stretch.reason != Reason::None && report.of(kind_).calls != calls;
    if (call_failed) {
      moved = moved_prefix(source, stretch.to + stretch.done, stretch.reason != Reason::Protected);
    }
    stretch.done += moved;
    if (moved == source.bytes) continue;
    // Something in the range cannot be crossed: from here on VMA by VMA, until one fails alone.
    const bool may_help =
        stretch.reason == Reason::VmaBorder && (moved != 0 || lookup.bytes_in_one_vma(source) < source.bytes);
    if (!may_help) break;
    within_one_vma = true;
  }
  report.of(kind_).bytes += stretch.done;
  stretch.write_outcomes(batch);
}

void RemapMover::move(const MoveBatch& batch, MoveReport& report) {
  SHUNT_CHECK(batch.spans.size(), ==, batch.outcomes.size());
  VmaLookup lookup(kernel_);
  Reason refused = Reason::None;  // once the VMAs are spent they are so for the whole batch
  for (std::size_t i = 0; i < batch.spans.size();) {
    if (batch.outcomes[i].bytes_moved == batch.spans[i].bytes) {
      ++i;
      continue;
    }
    Stretch stretch = Stretch::starting_at(batch, i);
    report.of(kind_).spans += stretch.last - stretch.first;
    if (refused == Reason::None) {
      move_stretch(batch, stretch, report, lookup);
      if (stretch.reason == Reason::VmaLimit) refused = Reason::VmaLimit;
    } else {
      if (batch.destination_warm) release_range(kernel_, {stretch.to, stretch.bytes});
      stretch.reason = refused;
      stretch.write_outcomes(batch);
    }
    i = stretch.last;
  }
}

}  // namespace shunt
