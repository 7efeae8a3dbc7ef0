// The results for people: what was replayed, one table, and what to know about it.
#pragma once

#include <string>

#include "heap_svg.hpp"
#include "results.hpp"

namespace shunt::demo {

// Lines of at most 100 columns, but for the program's name where that is longer than a line.
std::string table_of(const Results&);
// What the picture says of itself.
Caption caption_of(const Results&);

}  // namespace shunt::demo
