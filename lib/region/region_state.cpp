// Names and the printed form of the transition table.
#include "region/region_state.hpp"

#include <cstdio>

namespace shunt {

const char* name_of(RegionState state) {
  switch (state) {
    case RegionState::Free:
      return "Free";
    case RegionState::Allocating:
      return "Allocating";
    case RegionState::Live:
      return "Live";
    case RegionState::Selected:
      return "Selected";
    case RegionState::Forwarding:
      return "Forwarding";
    case RegionState::Quarantined:
      return "Quarantined";
  }
  return "?";
}

const char* name_of(RegionKind kind) {
  switch (kind) {
    case RegionKind::Small:
      return "Small";
    case RegionKind::Medium:
      return "Medium";
    case RegionKind::LargeHead:
      return "LargeHead";
    case RegionKind::LargeTail:
      return "LargeTail";
    case RegionKind::Aligned:
      return "Aligned";
    case RegionKind::Pinned:
      return "Pinned";
  }
  return "?";
}

std::size_t print_transitions(std::span<char> out) {
  if (!out.empty()) out[0] = '\0';
  std::size_t used = 0;
  for (const LegalTransition& t : legal_transitions) {
    const bool room = used < out.size();
    const int length =
        std::snprintf(room ? out.data() + used : nullptr, room ? out.size() - used : 0,
                      "%-11s -> %-11s  %-16s  %s\n", name_of(t.from), name_of(t.to), t.by, t.when);
    used += static_cast<std::size_t>(length);
  }
  return used;
}

}  // namespace shunt
