// Everything that a load barrier needs to know about a region, in one 64-bit word.
//
//   63              48 47            34 33                          6 5     3 2      0
//  +------------------+----------------+-----------------------------+-------+--------+
//  |  generation (16) |   pins (14)    |        payload (28)         | kind  | state  |
//  +------------------+----------------+-----------------------------+-------+--------+
//
// The zero word is a Free region of generation 0, so a table of fresh zeroed memory is a table of Free
// regions.
// - generation: bumped whenever the region becomes Free; tells two lives of one region apart, and keeps a
// compare-
//   exchange from mistaking the one for the other. Wraps.
// - pins: how many times it is pinned. In the word so that pinning and selecting exclude each other by one
// CAS.
// - payload, Allocating or Live: for a LargeHead its number of regions, for a LargeTail its distance to the
// head.
//   Selected, Forwarding, Quarantined: the region's forwarding slot, for every kind, so that a barrier asks
//   one word only; the large object's shape is kept by RegionSpace meanwhile.
// 28 bits hold the 2^26 regions of 16 TiB in regions of 256 KiB. A pure value; nothing here is atomic.
#pragma once

#include <cstdint>

#include "region/region_state.hpp"

namespace shunt {

class RegionWord {
 public:
  static constexpr std::uint32_t max_payload = (std::uint32_t{1} << 28) - 1;
  static constexpr std::uint32_t no_slot = max_payload;  // Quarantined, and nothing of it has gone anywhere
  static constexpr std::uint32_t max_pins = (std::uint32_t{1} << 14) - 1;

  constexpr RegionWord() = default;
  constexpr explicit RegionWord(std::uint64_t bits) : bits_(bits) {}

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr RegionState state() const { return static_cast<RegionState>(field(state_at, state_bits)); }
  constexpr RegionKind kind() const { return static_cast<RegionKind>(field(kind_at, kind_bits)); }
  constexpr std::uint32_t payload() const {
    return static_cast<std::uint32_t>(field(payload_at, payload_bits));
  }
  constexpr std::uint32_t pins() const { return static_cast<std::uint32_t>(field(pins_at, pins_bits)); }
  constexpr std::uint16_t generation() const {
    return static_cast<std::uint16_t>(field(generation_at, generation_bits));
  }

  constexpr bool is(RegionState s) const { return state() == s; }
  constexpr bool is_pinned() const { return pins() != 0 || kind() == RegionKind::Pinned; }
  // What a load barrier asks: nothing of the region is where it was. The payload is then the forwarding slot
  // that says where, or no_slot.
  constexpr bool is_forwarded() const { return state() >= RegionState::Forwarding; }

  // Each returns a changed copy; a value that does not fit its field is cut, so check before.
  constexpr RegionWord with(RegionState s) const {
    return with_field(state_at, state_bits, static_cast<unsigned>(s));
  }
  constexpr RegionWord with(RegionKind k) const {
    return with_field(kind_at, kind_bits, static_cast<unsigned>(k));
  }
  constexpr RegionWord with_payload(std::uint32_t p) const { return with_field(payload_at, payload_bits, p); }
  constexpr RegionWord with_pins(std::uint32_t n) const { return with_field(pins_at, pins_bits, n); }
  constexpr RegionWord with_generation(std::uint16_t g) const {
    return with_field(generation_at, generation_bits, g);
  }
  // The word of the region's next life: Free, everything else zero, one generation later.
  constexpr RegionWord freed() const {
    return RegionWord{}.with_generation(static_cast<std::uint16_t>(generation() + 1));
  }

  constexpr bool operator==(const RegionWord&) const = default;

 private:
  static constexpr unsigned state_at = 0, state_bits = 3;
  static constexpr unsigned kind_at = 3, kind_bits = 3;
  static constexpr unsigned payload_at = 6, payload_bits = 28;
  static constexpr unsigned pins_at = 34, pins_bits = 14;
  static constexpr unsigned generation_at = 48, generation_bits = 16;

  static constexpr std::uint64_t mask(unsigned bits) { return (std::uint64_t{1} << bits) - 1; }
  constexpr std::uint64_t field(unsigned at, unsigned bits) const { return bits_ >> at & mask(bits); }
  constexpr RegionWord with_field(unsigned at, unsigned bits, std::uint64_t v) const {
    return RegionWord{(bits_ & ~(mask(bits) << at)) | (v & mask(bits)) << at};
  }

  std::uint64_t bits_ = 0;
};

static_assert(RegionWord{}.is(RegionState::Free));
static_assert(static_cast<unsigned>(RegionState::Quarantined) ==
              static_cast<unsigned>(RegionState::Forwarding) + 1);
static_assert(static_cast<unsigned>(RegionState::Quarantined) + 1 == region_state_count);

}  // namespace shunt
