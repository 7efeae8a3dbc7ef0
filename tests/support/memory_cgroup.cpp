// Files of the cgroup file systems: mkdir, limits, usage, joining, rmdir.
#include "support/memory_cgroup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace shunt::testing {
namespace {

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.flush();
  return file.good();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Mount {
  std::string folder;
  bool v2 = false;
};

// A v1 memory hierarchy, or a v2 one whose root offers the memory controller.
bool find_mount(Mount& mount) {
  std::ifstream mounts("/proc/mounts");
  std::string device, folder, type, options, rest;
  bool found = false;
  while (mounts >> device >> folder >> type >> options && std::getline(mounts, rest)) {
    const bool v1 = type == "cgroup" && ("," + options + ",").find(",memory,") != std::string::npos;
    const bool v2 =
        type == "cgroup2" && read_file(folder + "/cgroup.controllers").find("memory") != std::string::npos;
    if (!v1 && !v2) continue;
    mount = {folder, v2};
    found = true;
  }
  return found;
}

}  // namespace

std::unique_ptr<MemoryCgroup> MemoryCgroup::make(std::string& why) {
  Mount mount;
  if (!find_mount(mount)) {
    why = "a mounted memory cgroup hierarchy (v1 or v2)";
    return nullptr;
  }
  if (mount.v2) write_file(mount.folder + "/cgroup.subtree_control", "+memory");
  const std::string folder = mount.folder + "/shunt-test-" + std::to_string(::getpid());
  if (::mkdir(folder.c_str(), 0755) != 0) {
    why = "permission to make a memory cgroup below " + mount.folder;
    return nullptr;
  }
  auto group = std::unique_ptr<MemoryCgroup>(new MemoryCgroup(folder, mount.v2));
  if (group->usage_bytes() == static_cast<std::size_t>(-1)) {
    why = "a memory cgroup that shows its usage";
    return nullptr;
  }
  return group;
}

MemoryCgroup::~MemoryCgroup() {
  // The kernel lets go of a dead process's memory a moment after it was waited for.
  for (int i = 0; i < 100 && ::rmdir(folder_.c_str()) != 0; ++i) ::usleep(10'000);
}

bool MemoryCgroup::join(int process_id) const {
  return write_file(folder_ + "/cgroup.procs", std::to_string(process_id));
}

std::size_t MemoryCgroup::usage_bytes() const {
  const std::string text = read_file(folder_ + (v2_ ? "/memory.current" : "/memory.usage_in_bytes"));
  return text.empty() ? static_cast<std::size_t>(-1) : std::strtoull(text.c_str(), nullptr, 10);
}

bool MemoryCgroup::set_limit(std::size_t bytes) const {
  return write_file(folder_ + (v2_ ? "/memory.max" : "/memory.limit_in_bytes"), std::to_string(bytes));
}

}  // namespace shunt::testing
