// Engines by name, as SHUNT_ENGINE gives them.
#include "base/engine_kind.hpp"

#include <string>

#include "support/check.hpp"

using namespace shunt;

TEST_CASE("an engine's name reads back as the engine") {
  for (const EngineKind kind : {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy}) {
    const auto parsed = parse_engine(engine_name(kind));
    REQUIRE(parsed.ok());
    CHECK(parsed.value() == kind);
  }
}

TEST_CASE("any other word is an error that names the three right ones") {
  for (const char* wrong : {"", "Copy", "relocate ", "mremap", "move"}) {
    const auto parsed = parse_engine(wrong);
    REQUIRE_FALSE(parsed.ok());
    const std::string advice = parsed.error().advice;
    for (const char* right : {"relocate", "remap", "copy"}) CHECK(advice.find(right) != advice.npos);
  }
}
