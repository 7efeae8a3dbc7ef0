// The tightest memory cgroup limit above this process, v1 or v2.
#include "memory_limit.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace shunt::info {
namespace {

// Where a hierarchy is mounted and which of its groups stands at the mount point.
struct Mount {
  bool unified = false;
  std::string point;
  std::string root;
};

// cgroup v1 says "no limit" with the largest multiple of a page.
constexpr std::uint64_t unlimited = std::uint64_t{1} << 62;

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');) {
    if (one == word) return true;
  }
  return false;
}

// "36 35 98:0 /root /point options fields... - type source super,options"
std::vector<Mount> memory_mounts(std::istream& mountinfo) {
  std::vector<Mount> mounts;
  for (std::string line; std::getline(mountinfo, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point, field, type, source, super;
    fields >> id >> parent >> device >> root >> point;
    while (fields >> field && field != "-") {
    }
    fields >> type >> source >> super;
    if (type == "cgroup2" || (type == "cgroup" && has_word(super, "memory"))) {
      mounts.push_back({type == "cgroup2", point, root});
    }
  }
  return mounts;
}

// "4:memory:/group" in v1, "0::/group" in v2; empty when this process is in none.
std::string group_of(const std::vector<std::string>& lines, bool unified) {
  for (const std::string& line : lines) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : has_word(controllers, "memory")) return line.substr(second + 1);
  }
  return {};
}

std::optional<std::uint64_t> read_limit(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::uint64_t bytes = 0;
  if (!(stream >> bytes) || bytes >= unlimited) return std::nullopt;  // "max" is no number
  return bytes;
}

// The path below the mount point of a group that is named from the hierarchy's root.
std::filesystem::path below_mount(const std::string& group, const std::string& root) {
  const bool inside = root != "/" && group.compare(0, root.size(), root) == 0;
  return std::filesystem::path(inside ? group.substr(root.size()) : group).relative_path();
}

}  // namespace

std::optional<MemoryLimit> find_memory_limit(std::istream& cgroup, std::istream& mountinfo) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(cgroup, line);) lines.push_back(line);
  std::optional<MemoryLimit> smallest;
  for (const Mount& mount : memory_mounts(mountinfo)) {
    const char* name = mount.unified ? "memory.max" : "memory.limit_in_bytes";
    const std::filesystem::path group = below_mount(group_of(lines, mount.unified), mount.root);
    for (std::filesystem::path part = group;; part = part.parent_path()) {
      const std::filesystem::path file = std::filesystem::path(mount.point) / part / name;
      const std::optional<std::uint64_t> bytes = read_limit(file);
      if (bytes && (!smallest || *bytes < smallest->bytes)) smallest = MemoryLimit{*bytes, file.string()};
      if (part.empty()) break;
    }
  }
  return smallest;
}

}  // namespace shunt::info
