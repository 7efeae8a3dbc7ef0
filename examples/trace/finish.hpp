// Turns a raw file into a trace: addresses become object numbers, and what cannot be replayed is left out or
// put right and counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trace_format.hpp"
#include "trace_writer.hpp"

namespace shunt::trace {

struct Finished {
  Header header;
  std::uint64_t trace_bytes = 0;
  std::uint32_t process = 0;
  std::uint32_t stopped_errno = 0;  // not 0: recording ended before the program did, for this reason
};

// nullopt, and no trace, when the raw file holds no event. Throws Error. O(events log lanes).
std::optional<Finished> finish(const std::string& raw_path, const std::string& trace_path,
                               int compression = default_compression);

}  // namespace shunt::trace
