// What a thread of a simulated program knows, or what a message hands over to who acquires it: for each
// atomic location the oldest message that may still be read, for each thread how many of its accesses to
// plain data and of its recorded operations have happened before.
//
// One small array of bytes, so that joining two views is a maximum over it. Ranks of messages are counted
// from the oldest one that anybody may still read (Memory::forget()), so a byte is enough.
#pragma once

#include <array>
#include <cstdint>

namespace shunt::testing {

inline constexpr unsigned max_threads = 4;
inline constexpr unsigned max_locations = 24;

struct alignas(16) View {
  static constexpr unsigned accesses_at = max_locations;                  // of plain data, one entry a thread
  static constexpr unsigned operations_at = max_locations + max_threads;  // recorded, one entry a thread
  static constexpr unsigned entries = max_locations + 2 * max_threads;

  std::uint8_t& operator[](unsigned i) { return of[i]; }
  std::uint8_t operator[](unsigned i) const { return of[i]; }
  bool operator==(const View&) const = default;

  void join(const View& other) {
    for (unsigned i = 0; i < entries; ++i) of[i] = of[i] < other.of[i] ? other.of[i] : of[i];
  }
  // Of locations only: a fence orders messages, it does not by itself make one thread's past the other's.
  void join_locations(const View& other) {
    for (unsigned i = 0; i < max_locations; ++i) of[i] = of[i] < other.of[i] ? other.of[i] : of[i];
  }
  void meet(const View& other) {
    for (unsigned i = 0; i < entries; ++i) of[i] = of[i] < other.of[i] ? of[i] : other.of[i];
  }
  // Subtracts, but not below 0.
  void lower(const View& by) {
    for (unsigned i = 0; i < entries; ++i) {
      const std::uint8_t least = of[i] < by.of[i] ? by.of[i] : of[i];
      of[i] = static_cast<std::uint8_t>(least - by.of[i]);
    }
  }

  std::array<std::uint8_t, entries> of{};
};
static_assert(sizeof(View) == 32);

}  // namespace shunt::testing
