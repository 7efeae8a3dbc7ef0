// The results for programs: one JSON object. Times are seconds, sizes bytes; `report` of each run is the
// whole report of its median round (observe/report_json.hpp), in nanoseconds.
#pragma once

#include <string>

#include "results.hpp"

namespace shunt::demo {

std::string to_json(const Results&);

// Throws Failure when the file cannot be written.
void write_file(const std::string& path, const std::string& text);

}  // namespace shunt::demo
