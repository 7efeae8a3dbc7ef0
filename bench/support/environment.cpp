// What is printed above the results and stored beside them: kernel, huge pages, CPUs.
#include "support/environment.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/utsname.h>

#include <fstream>

#include "base/engine_kind.hpp"
#include "os/vma.hpp"

namespace shunt::bench {
namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : "unknown";
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string kernel_name() {
  utsname name{};
  uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

std::vector<int> cpus_in_mask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment_facts(const os::Capabilities& capabilities) {
  const Result<std::size_t> limit = os::vma_limit(os::SystemCalls::real());
  return {
      {"kernel", kernel_name()},
      {"huge_pages", first_line("/sys/kernel/mm/transparent_hugepage/enabled")},
      {"huge_pages_work", capabilities.works(os::Capability::HugePages) ? "yes" : "no"},
      {"cpus_usable", std::to_string(usable_cpus().size())},
      {"cpu", cpu_model()},
      {"vma_limit", limit ? std::to_string(limit.value()) : "unknown"},
      {"load_at_start", first_line("/proc/loadavg")},
      {"engine", engine_name(capabilities.best_engine())},
  };
}

const std::vector<int>& usable_cpus() {
  static const std::vector<int> at_start = cpus_in_mask();
  return at_start;
}
void stay_on_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

}  // namespace shunt::bench
