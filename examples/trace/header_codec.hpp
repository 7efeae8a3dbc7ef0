// A trace's header as bytes. The numbers have fixed widths and stand first, so that a writer can store the
// final ones over those that it wrote before it knew them.
#pragma once

#include <string>
#include <string_view>

#include "trace_format.hpp"

namespace shunt::trace {

std::string encode_header(const Header& header);
// False when the bytes are not a header.
bool decode_header(std::string_view bytes, Header& header);

// 64-bit XXH3 of the two parts, one after the other.
std::uint64_t hash_of(std::string_view first, std::string_view second = {});

}  // namespace shunt::trace
