// shunt-info: what this machine lets Shunt do, for people or (--json) for programs. Behind `./dev info`.
//
// Exit: 0, or 2 with one line on stderr for a wrong option or a wrong SHUNT_ENGINE.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "report.hpp"
#include "system_facts.hpp"

namespace {

constexpr int wrong_usage = 2;

// The engine that SHUNT_ENGINE asks for; none when it is unset or empty.
shunt::Result<std::optional<shunt::EngineKind>> engine_from_environment() {
  const char* text = std::getenv(shunt::engine_variable);
  if (text == nullptr || *text == 0) return std::optional<shunt::EngineKind>();
  const shunt::Result<shunt::EngineKind> parsed = shunt::parse_engine(text);
  if (!parsed) return parsed.error();
  return std::optional<shunt::EngineKind>(parsed.value());
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  CLI::App app("What this machine lets Shunt do: kernel, capabilities, engine, limits.", "shunt-info");
  app.add_flag("--json", json, "print one JSON object");
  app.footer("SHUNT_ENGINE=relocate|remap|copy asks for an engine.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "shunt-info: %s; it takes --json or --help\n", error.what());
    return wrong_usage;
  }
  const auto asked = engine_from_environment();
  if (!asked) {
    std::fprintf(stderr, "shunt-info: SHUNT_ENGINE=%s: %s\n", std::getenv(shunt::engine_variable),
                 asked.error().advice);
    return wrong_usage;
  }
  const shunt::info::SystemFacts facts = shunt::info::gather_facts(asked.value());
  std::fputs((json ? as_json(facts) : as_text(facts)).c_str(), stdout);
  return 0;
}
