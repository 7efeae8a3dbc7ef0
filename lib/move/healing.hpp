// Healing: fewer VMAs for a remapped reservation, by rewriting its most fragmented stretches.
//
// A stretch is copied into fresh scratch memory, which is one VMA, and the scratch is remapped over the
// stretch. It costs a pass over the stretch's contents and one window of memory; nothing in the heap changes
// its address. A refused call leaves the stretch as it was. Called with the mutators parked, by the thread
// that moves.
#pragma once

#include <cstddef>

#include "base/address.hpp"
#include "move/move_report.hpp"
#include "os/system_calls.hpp"

namespace shunt {

// Rewrites windows of 2 MiB, most fragmented first, until the reservation has at most `wanted_vmas` VMAs or
// nothing is left that pays. Returns the bytes rewritten. O(VMAs) queries, O(bytes rewritten) copying.
std::size_t heal(const os::SystemCalls&, AddressRange reservation, std::size_t wanted_vmas, MoveReport&);

}  // namespace shunt
