// Everything that shunt-info tells, gathered once, as a value.
//
// What cannot be read is absent, never guessed. Knows nothing of how it will be printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/engine_kind.hpp"
#include "memory_limit.hpp"
#include "os/capabilities.hpp"

namespace shunt::info {

struct SystemFacts {
  std::string release;
  std::string version;
  std::string machine;
  long page_bytes = 0;
  // The bracketed word of the kernel's settings, such as "madvise"; empty where there is no such file.
  std::string huge_enabled;
  std::string huge_defrag;
  std::string huge_shmem;
  std::optional<std::uint64_t> huge_page_bytes;
  os::Capabilities capabilities;
  double probe_seconds = 0;
  std::optional<EngineKind> engine_asked;  // by SHUNT_ENGINE
  EngineKind engine = EngineKind::Copy;    // what a heap would get
  std::optional<std::uint64_t> vmas_now;
  std::optional<std::uint64_t> vma_limit;
  std::optional<int> overcommit;
  std::optional<std::uint64_t> resident_bytes;
  std::optional<MemoryLimit> memory_limit;
};

SystemFacts gather_facts(std::optional<EngineKind> engine_asked);

}  // namespace shunt::info
