// What movers did, added up: per mover, and per reason for handing a span on or leaving it.
//
// A value; the holder decides when to start a new one. Not thread-safe (moves are done by one thread).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "move/move_span.hpp"

namespace shunt {

enum class MoverKind : std::uint8_t {
  RelocateUserfaultfd,
  RelocateMremap,
  RemapMulti,
  RemapSingle,
  PageCopy
};
inline constexpr std::size_t mover_kind_count = 5;
const char* name_of(MoverKind);

struct MoverCounts {
  std::uint64_t spans = 0;
  std::uint64_t calls = 0;  // system calls that move, or memcpy runs
  std::uint64_t bytes = 0;
  std::uint64_t nanoseconds = 0;
};

struct MoveReport {
  std::array<MoverCounts, mover_kind_count> movers{};
  std::array<std::uint64_t, reason_count> fallbacks{};  // spans handed on to page copy, by reason
  // Spans of which a part stayed at the source, and copies of objects that there was no memory for, by
  // reason.
  std::array<std::uint64_t, reason_count> left{};
  std::uint64_t unshared_pages = 0;      // pages written to, to part them from a forked child
  std::uint64_t dropped_zero_pages = 0;  // destination pages that had only been read
  std::uint64_t healed_bytes = 0;        // rewritten to merge VMAs

  MoverCounts& of(MoverKind kind) { return movers[static_cast<std::size_t>(kind)]; }
  const MoverCounts& of(MoverKind kind) const { return movers[static_cast<std::size_t>(kind)]; }
};

}  // namespace shunt
