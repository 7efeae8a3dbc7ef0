// Who may include whom (docs/architecture.md, section 3).
//
// lib/<layer> may include itself and the layers above it; observe/observe.hpp may be included from anywhere
// and so includes base only; plan is pure and speaks neither to lib/os nor to the system. Only lib/os
// includes the kernel's and the system's headers and reads errno. No header of containers or streams in lib:
// they use the host's malloc (invariant 5); adapters may, they live among their guests. include/shunt stands
// on the standard library alone. Sources outside lib/ and include/ are free.
#pragma once

#include <span>

#include "layout/source_text.hpp"

namespace shunt::layout {

// Layers from the ground up. Each may include those before it.
std::span<const std::string_view> layers();

Violations include_violations(const SourceText&);

}  // namespace shunt::layout
