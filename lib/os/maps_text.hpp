// One line of /proc/self/maps: pure text to a Vma.
//
// Only addresses and permissions are read. Pure, thread-safe, O(length of the two addresses).
#pragma once

#include <optional>
#include <string_view>

#include "os/procmap_query.hpp"

namespace shunt::os {

// "7f00-7f10 rw-p ...": nothing when the line does not start like that.
std::optional<Vma> parse_maps_line(std::string_view line);

}  // namespace shunt::os
