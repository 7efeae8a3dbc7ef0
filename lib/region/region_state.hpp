// The states and kinds of a region, and the one table of legal transitions between states.
//
// The table is the only source: the region table refuses what is not in it, the printed diagram and the
// README are made from it, and the test walks every pair. Kinds say what lives in a region and never change
// while it is used. This file decides nothing about memory and has no effects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shunt {

enum class RegionState : std::uint8_t {
  Free,         // nothing in it, no physical memory, nobody names an address in it
  Allocating,   // owned by an allocator that bumps through it
  Live,         // holds objects; no new ones are put in
  Selected,     // in a plan; nothing has moved yet
  Forwarding,   // its objects are moving or have moved; references are to be forwarded
  Quarantined,  // empty and without physical memory, but stale references may still name it
};
inline constexpr unsigned region_state_count = 6;

enum class RegionKind : std::uint8_t {
  Small,      // granule-aligned objects from allocation buffers
  Medium,     // whole pages, page-aligned
  LargeHead,  // first region of one object that owns its regions
  LargeTail,  // the regions behind a head
  Aligned,    // small objects with an alignment above the granule, up to a page
  Pinned,     // objects that never move, from the start: never Selected
};
inline constexpr unsigned region_kind_count = 6;

struct LegalTransition {
  RegionState from;
  RegionState to;
  const char* by;    // the operation that does it
  const char* when;  // why it is legal
};

// Live -> Quarantined is the short way of a region whose objects have all died: there is nothing to move, so
// nothing to plan and no forwarding (RegionWord::no_slot).
// Two arrows go backwards besides the dropped plan:
// - Allocating -> Free undoes a claim of several regions that met a taken one. No address in it was handed
// out, so
//   nothing can name it (invariant 3) and it needs no quarantine.
// - Forwarding -> Live is for a region from which something could not be moved (pinned by a device, shared
// after
//   fork, out of VMAs with no page to copy to). What stayed is at its old address, so the region can neither
//   be quarantined nor stay forwarding for ever. Legal only once every reference to what did move has been
//   fixed, because a Live region forwards nothing (invariant 2). Live regions are not allocated into, so the
//   vacated part is not reused before the region is selected again.
inline constexpr LegalTransition legal_transitions[] = {
    {RegionState::Free, RegionState::Allocating, "claim", "somebody needs memory"},
    {RegionState::Allocating, RegionState::Free, "claim_contiguous", "a neighbour was taken: claim undone"},
    {RegionState::Allocating, RegionState::Live, "retire", "full, or its owner stops"},
    {RegionState::Live, RegionState::Selected, "select", "in a plan, and not pinned"},
    {RegionState::Live, RegionState::Quarantined, "quarantine_if_empty",
     "nothing in it lives, and not pinned"},
    {RegionState::Selected, RegionState::Live, "return_to_live", "plan dropped, nothing has moved"},
    {RegionState::Selected, RegionState::Forwarding, "forward", "a slice starts to move it"},
    {RegionState::Forwarding, RegionState::Live, "return_to_live", "something stayed; references are fixed"},
    {RegionState::Forwarding, RegionState::Quarantined, "quarantine", "all has moved or died"},
    {RegionState::Quarantined, RegionState::Free, "release", "nothing can name it any more"},
};

namespace detail {
struct Successors {
  std::uint8_t of[region_state_count] = {};
};
constexpr Successors successors_from_table() {
  Successors successors;
  for (const LegalTransition& t : legal_transitions) {
    successors.of[static_cast<unsigned>(t.from)] |=
        static_cast<std::uint8_t>(1u << static_cast<unsigned>(t.to));
  }
  return successors;
}
inline constexpr Successors successors = successors_from_table();
}  // namespace detail

// O(1), pure.
constexpr bool is_legal(RegionState from, RegionState to) {
  return (detail::successors.of[static_cast<unsigned>(from)] >> static_cast<unsigned>(to) & 1u) != 0;
}

constexpr bool is_large(RegionKind kind) {
  return kind == RegionKind::LargeHead || kind == RegionKind::LargeTail;
}

// Static words, as written above; "?" for a value that is none of them.
const char* name_of(RegionState);
const char* name_of(RegionKind);

// Writes the table as text, one line a transition, always zero-terminated if `out` is not empty. Returns the
// bytes needed without the terminator, like snprintf. lib/region/README.md shows this text; a test compares
// them.
std::size_t print_transitions(std::span<char> out);

}  // namespace shunt
