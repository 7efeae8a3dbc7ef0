// Small readers for /proc and /sys through the gate: open, read to the end, and one leading number.
//
// No stdio and no malloc; the caller brings the buffer. Thread-safe, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// open(2) read-only and close-on-exec. Errors: the kernel's, with `path` as the operation (a static string).
Result<Descriptor> open_for_reading(const SystemCalls&, const char* path);

// Reads from the descriptor's position until the buffer is full or the file ends; bytes read. Errors: the
// kernel's.
Result<std::size_t> read_to_end(const SystemCalls&, int descriptor, std::span<char> buffer);

// The decimal number at the start of `text` after spaces, and what follows it. False when there is none or it
// is over 64 bits.
bool take_number(std::string_view& text, std::uint64_t& number);

// The number that a file like /proc/sys/vm/max_map_count starts with. Errors: the kernel's; code 0 when it is
// no number.
Result<std::uint64_t> read_number(const SystemCalls&, const char* path);

}  // namespace shunt::os
