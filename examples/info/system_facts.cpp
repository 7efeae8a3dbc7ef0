// Reads what /proc, /sys and uname say, each with its own way of being absent.
#include "system_facts.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "os/page_residency.hpp"
#include "os/vma.hpp"

namespace shunt::info {
namespace {

const std::string huge_settings = "/sys/kernel/mm/transparent_hugepage/";

// "always [madvise] never" is "madvise".
std::string chosen_word(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open);
  return open == line.npos || close == line.npos ? "" : line.substr(open + 1, close - open - 1);
}

template <class T>
std::optional<std::uint64_t> if_known(const Result<T>& result) {
  return result.ok() ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(result.value()))
                     : std::nullopt;
}

void add_kernel(SystemFacts& facts) {
  utsname names{};
  if (::uname(&names) == 0) {
    facts.release = names.release;
    facts.version = names.version;
    facts.machine = names.machine;
  }
  facts.page_bytes = ::sysconf(_SC_PAGESIZE);
}

void add_huge_pages(SystemFacts& facts) {
  facts.huge_enabled = chosen_word(huge_settings + "enabled");
  facts.huge_defrag = chosen_word(huge_settings + "defrag");
  facts.huge_shmem = chosen_word(huge_settings + "shmem_enabled");
  std::ifstream size(huge_settings + "hpage_pmd_size");
  if (std::uint64_t bytes = 0; size >> bytes) facts.huge_page_bytes = bytes;
}

void add_memory(SystemFacts& facts, const os::SystemCalls& kernel) {
  facts.vmas_now = if_known(os::count_vmas(kernel));
  facts.vma_limit = if_known(os::vma_limit(kernel));
  const Result<os::Overcommit> overcommit = os::overcommit_mode(kernel);
  if (overcommit.ok()) facts.overcommit = static_cast<int>(overcommit.value());
  facts.resident_bytes = if_known(os::resident_set_bytes(kernel));
  std::ifstream cgroup("/proc/self/cgroup");
  std::ifstream mountinfo("/proc/self/mountinfo");
  facts.memory_limit = find_memory_limit(cgroup, mountinfo);
}

}  // namespace

SystemFacts gather_facts(std::optional<EngineKind> engine_asked) {
  const os::SystemCalls kernel = os::SystemCalls::real();
  SystemFacts facts;
  add_kernel(facts);
  add_huge_pages(facts);
  const auto start = std::chrono::steady_clock::now();
  facts.capabilities = os::probe_capabilities(kernel);
  facts.probe_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  facts.engine_asked = engine_asked;
  facts.engine =
      engine_asked ? facts.capabilities.engine_for(*engine_asked) : facts.capabilities.best_engine();
  add_memory(facts, kernel);
  return facts;
}

}  // namespace shunt::info
