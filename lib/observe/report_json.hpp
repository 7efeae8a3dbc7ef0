// A compaction's report as JSON, for programs.
//
// The text is made on request, for the host, in the host's std::string. Numbers are nanoseconds and bytes, as
// in CompactionReport; only reasons and movers that occurred are listed.
#pragma once

#include <string>

#include "compact/compaction_report.hpp"

namespace shunt {

std::string to_json(const CompactionReport&);

}  // namespace shunt
