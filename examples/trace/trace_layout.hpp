// The fixed places in a trace file, shared by its reader and its writer; docs/trace-format.md explains them.
//
//   preamble   magic 8 | version u16 | flags u16 | header bytes u32 | hash u64     24 bytes
//   header     numbers and strings                                                 header bytes
//   block ...  magic u32 | events u32 | first event u64 | stored u32 | plain u32 | hash u64, then stored
//   bytes footer     magic u32 | blocks u32 | { offset u64 | first event u64 } per block trailer    footer
//   offset u64 | hash u64 | end magic 8                          24 bytes
//
// Each hash (XXH3, 64 bits) covers what is before it in its part and the bytes that follow it up to the next
// part, so that no byte of a file is without one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shunt::trace::layout {

using namespace std::string_view_literals;

// A high first byte and line ends in it, so that transfers as text are noticed at once.
inline constexpr std::string_view file_magic = "\x89SHUNT\r\n"sv;
inline constexpr std::string_view end_magic = "SHUNTEND"sv;
inline constexpr std::uint32_t block_magic = 0x4B434C42;   // "BLCK"
inline constexpr std::uint32_t footer_magic = 0x58444E49;  // "INDX"

inline constexpr std::size_t preamble_bytes = 24;
inline constexpr std::size_t preamble_hashed_bytes = 16;
inline constexpr std::size_t block_header_bytes = 32;
inline constexpr std::size_t block_hashed_bytes = 24;
inline constexpr std::size_t footer_fixed_bytes = 8;
inline constexpr std::size_t footer_entry_bytes = 16;
inline constexpr std::size_t trailer_bytes = 24;

// Limits that keep a reader's memory small whatever a file says.
inline constexpr std::uint32_t header_limit = 1 << 20;
inline constexpr std::uint32_t block_events_limit = 1 << 18;
inline constexpr std::uint32_t block_plain_limit = 16 << 20;

// How an event begins in the operations column. Low two bits: the EventKind. Flags say which other columns
// hold something for this event.
inline constexpr std::uint8_t operation_kind_mask = 0x03;
inline constexpr std::uint8_t operation_zeroed = 0x04;
inline constexpr std::uint8_t operation_aligned = 0x08;  // alignment column: its power of two
inline constexpr std::uint8_t operation_thread = 0x10;   // thread column: the thread from here on
inline constexpr std::uint8_t operation_known_mask = 0x1F;

}  // namespace shunt::trace::layout
