// The words that reports print for reasons and movers.
#include "move/move_report.hpp"

namespace shunt {

const char* name_of(Reason reason) {
  static constexpr const char* names[reason_count] = {
      "none",      "pinned",    "destination occupied", "protected",
      "no memory", "VMA limit", "VMA border",           "busy",
      "refused",   "bad span",
  };
  return names[static_cast<std::size_t>(reason)];
}

const char* name_of(MoverKind kind) {
  static constexpr const char* names[mover_kind_count] = {
      "UFFDIO_MOVE", "relocate-anon mremap", "multi-VMA mremap", "per-VMA mremap", "page copy",
  };
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace shunt
