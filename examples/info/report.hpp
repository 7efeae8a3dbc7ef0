// SystemFacts for people and for programs. Pure: facts in, text out.
#pragma once

#include <string>

#include "system_facts.hpp"

namespace shunt::info {

std::string as_text(const SystemFacts&);
// One object; absent facts are null. Field names stay; new ones may be added.
std::string as_json(const SystemFacts&);

}  // namespace shunt::info
