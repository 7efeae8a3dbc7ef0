// What a mover is asked to do and what it answers: spans, outcomes and the reasons why pages stayed behind.
//
// An outcome counts a prefix: the first `bytes_moved` bytes of the span are at the destination (holes of the
// source count, and stay holes), the rest is untouched at the source. A mover starts at what the outcome
// already says, so one mover can finish what another could not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"

namespace shunt {

// Page-aligned, inside the reservation; the ranges of all spans of a batch are pairwise disjoint.
struct MoveSpan {
  Address from = Address::null;
  Address to = Address::null;
  std::size_t bytes = 0;
  bool huge = false;  // a hint for the chooser: made of whole huge pages, aligned on both sides

  constexpr AddressRange source() const { return {from, bytes}; }
  constexpr AddressRange destination() const { return {to, bytes}; }
  // What is left of the destination when `done` bytes are there.
  constexpr AddressRange destination_from(std::size_t done) const { return {to + done, bytes - done}; }
};

// Why the rest of a span is not at its destination, or why a mover handed it on to page copy.
enum class Reason : std::uint8_t {
  None,                 // all of it is there
  Pinned,               // a device or the kernel holds the page: a copy would part it from its writer
  DestinationOccupied,  // a page with contents is in the way: the caller broke the contract, nothing is
                        // overwritten
  Protected,            // not readable and writable, or guarded (MADV_GUARD_INSTALL)
  NoMemory,             // no page or page table for the destination
  VmaLimit,             // vm.max_map_count or the caller's VMA budget
  VmaBorder,            // the range crosses VMAs that this mover cannot cross
  Busy,                 // shared after fork and could not be unshared, or changing under the call
  Refused,              // the kernel or a sandbox does not do this any more (EPERM, ENOSYS, EBADF)
  BadSpan,              // the caller's mistake: misaligned, outside the reservation, or onto itself
};
inline constexpr std::size_t reason_count = 10;
const char* name_of(Reason);

// True where the page may be copied after the engine gave up: its contents are ours alone and its destination
// free.
constexpr bool copy_is_correct(Reason reason) {
  return reason != Reason::Pinned && reason != Reason::DestinationOccupied && reason != Reason::Protected &&
         reason != Reason::BadSpan;
}

struct SpanOutcome {
  std::size_t bytes_moved = 0;
  Reason reason = Reason::None;
};

struct MoveBatch {
  std::span<const MoveSpan> spans;
  std::span<SpanOutcome> outcomes;  // as many as spans
  // False: the caller gives the vacated ranges back itself, in larger pieces than the spans.
  bool release_sources = true;
  // The destinations hold pages whose contents are dead and may be overwritten. Whatever an engine could not
  // move it leaves with an empty destination, so that page copy can take it from there.
  bool destination_warm = false;
  // Only for embedders who know that nothing writes to their pinned pages (vmsplice, not io_uring buffers).
  bool copy_pinned_pages = false;
  // Threads of this process that run on other CPUs now: each makes every move dearer (TLB shootdown).
  unsigned running_threads = 0;
};

}  // namespace shunt
