// Which way of moving page runs a reservation uses, and its names for people and for SHUNT_ENGINE.
//
// A reservation gets one engine when it is opened and keeps it; page copy stands behind the other two. The
// order is that of preference. This file only names them: what works here is asked of os/capabilities.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace shunt {

enum class EngineKind : std::uint8_t {
  Relocate,  // page-table entries move and no VMA is made: UFFDIO_MOVE, or mremap's relocate-anon flag
  Remap,     // page tables move by mremap with DONTUNMAP, within a VMA budget
  Copy,      // bytes are copied: works everywhere
};

inline constexpr const char* engine_variable = "SHUNT_ENGINE";

constexpr const char* engine_name(EngineKind kind) {
  switch (kind) {
    case EngineKind::Relocate:
      return "relocate";
    case EngineKind::Remap:
      return "remap";
    case EngineKind::Copy:
      return "copy";
  }
  return "?";
}

// The engine of that name, in lower case as engine_name() prints it. Code 0 in the error: no system call is
// involved. Thread-safe, O(1).
inline Result<EngineKind> parse_engine(std::string_view text) {
  for (const EngineKind kind : {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy}) {
    if (text == engine_name(kind)) return kind;
  }
  return Error{"reading the engine's name", 0, "use relocate, remap or copy, or leave SHUNT_ENGINE unset"};
}

}  // namespace shunt
