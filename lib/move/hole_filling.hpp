// Maps again what a failed mremap left unmapped inside the reservation, before anybody else can land there.
//
// Every moment counts, and nothing may be mapped elsewhere meanwhile: the kernel might put it into the very
// hole. So no VmaReader is opened here (its buffer has landed there); the range is halved until the holes are
// found, each tried by mapping it, never over what is mapped. Sources: mmap(2), MAP_FIXED_NOREPLACE;
// mincore(2), which says ENOMEM where something is not mapped.
#pragma once

#include <algorithm>

#include "base/address.hpp"
#include "os/memory.hpp"

namespace shunt {

// O(pages / 4096) calls; the answers themselves are not looked at.
inline bool is_fully_mapped(const os::SystemCalls& kernel, AddressRange range) {
  constexpr std::size_t pages_a_call = 4096;
  unsigned char unused[pages_a_call];
  while (range.bytes != 0) {
    const AddressRange part{range.start, std::min(range.bytes, pages_a_call * page_bytes)};
    if (os::errno_of(os::resident_pages(kernel, part, unused)) == os::no_memory) return false;
    range = {part.end(), range.bytes - part.bytes};
  }
  return true;
}

// Calls filled(range) for every hole that it maps. False: a hole is left, the kernel would not map it. One
// call when all of the range is a hole, two when none is, O(log pages) for each hole else.
template <class Filled>
bool fill_holes(const os::SystemCalls& kernel, AddressRange range, Filled filled) {
  if (!os::failed(os::map_hole(kernel, range))) {
    filled(range);
    return true;
  }
  if (is_fully_mapped(kernel, range)) return true;
  if (range.bytes == page_bytes) return false;
  const std::size_t half = align_down(range.bytes / 2, page_bytes);
  const bool lower = fill_holes(kernel, {range.start, half}, filled);
  return fill_holes(kernel, {range.start + half, range.bytes - half}, filled) && lower;
}

}  // namespace shunt
