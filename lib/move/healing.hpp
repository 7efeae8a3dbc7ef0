// Healing: fewer VMAs for a remapped reservation, by rewriting its most fragmented stretches.
//
// A stretch is copied into fresh scratch memory, which is one VMA, and the scratch is remapped over the
// stretch. It costs a pass over the stretch's contents and one window of memory; nothing in the heap changes
// its address. A refused call leaves the stretch as it was; one that had already unmapped it has it written
// back from the scratch. Stretches that are not wholly private, readable and writable are left alone. It
// copies, so pages that a device or the kernel writes to must not be in the reservation. Called with the
// mutators parked, by the thread that moves.
#pragma once

#include <cstddef>

#include "base/address.hpp"
#include "move/move_report.hpp"
#include "os/reservation.hpp"
#include "os/system_calls.hpp"

namespace shunt {

// What the whole reservation was advised; a mapping that replaces a part of it is advised the same.
struct HealingAdvice {
  os::HugePageAdvice huge_pages = os::HugePageAdvice::Default;
  bool exclude_from_core_dump = false;
};

struct HealingRequest {
  std::size_t wanted_vmas = 0;
  HealingAdvice advice{};
};

// Rewrites windows of 2 MiB, most fragmented first, until the reservation has at most `wanted_vmas` VMAs or
// nothing is left that pays. Returns the bytes rewritten. O(VMAs) queries, O(bytes rewritten) copying. Where
// the kernel has no PROCMAP_QUERY (before 6.11) a query reads all VMAs below: there it is done only for
// reservations of a few thousand VMAs.
std::size_t heal(const os::SystemCalls&, AddressRange reservation, const HealingRequest&, MoveReport&);

}  // namespace shunt
