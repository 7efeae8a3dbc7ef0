// A heap's state as JSON, for programs: regions by state and kind, who reads, what waits for whom.
//
// The text is made on request, for the host, in the host's std::string. Numbers are regions and bytes; states
// and kinds that do not occur are left out, and `stalled_reader` is null where nothing waits for a reader.
#pragma once

#include <string>

#include "runtime/heap.hpp"

namespace shunt {

std::string to_json(const HeapStatistics&);

}  // namespace shunt
