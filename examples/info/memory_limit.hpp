// The memory limit that this process's control group sets, where one is visible.
//
// Reads cgroup v1 and v2, whichever hold the memory controller, and all groups above: the smallest limit
// counts. Reads files only; nothing when no limit is set or none can be seen from inside a container.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

namespace shunt::info {

struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::string file;  // where it was read
};

// `cgroup` is /proc/self/cgroup and `mountinfo` /proc/self/mountinfo, or what a test puts in their place.
std::optional<MemoryLimit> find_memory_limit(std::istream& cgroup, std::istream& mountinfo);

}  // namespace shunt::info
