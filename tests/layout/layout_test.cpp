// This checkout against the layout rules (include_rules.hpp, comment_rules.hpp): a failure names file and
// line.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "layout/comment_rules.hpp"
#include "layout/include_rules.hpp"
#include "layout/order_rules.hpp"
#include "support/check.hpp"

using namespace shunt::layout;
namespace fs = std::filesystem;

namespace {

fs::path root_from(const char* variable) {
  const char* root = std::getenv(variable);
  REQUIRE_MESSAGE(root != nullptr, variable, " is not set: run this through ./dev test or meson test");
  return root;
}
fs::path checkout() { return root_from("SHUNT_SOURCE_ROOT"); }

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  REQUIRE_MESSAGE(stream.good(), "cannot read ", file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_source(const fs::path& file) {
  const auto extension = file.extension();
  return extension == ".cpp" || extension == ".hpp" || extension == ".h";
}

std::vector<SourceText> sources_in(std::initializer_list<const char*> folders) {
  std::vector<SourceText> sources;
  for (const char* folder : folders) {
    if (!fs::exists(checkout() / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(checkout() / folder)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      sources.push_back(parse_source(fs::relative(entry.path(), checkout()).string(), text_of(entry.path())));
    }
  }
  REQUIRE_FALSE(sources.empty());
  return sources;
}

template <class Rule>
void expect_kept(const std::vector<SourceText>& sources, Rule rule) {
  for (const SourceText& source : sources) {
    for (const std::string& wrong : rule(source)) FAIL_CHECK(wrong);
  }
}

bool is_layer(const std::string& name) { return std::ranges::find(layers(), name) != layers().end(); }

}  // namespace

TEST_CASE("includes keep the order of the layers") {
  expect_kept(sources_in({"lib", "include"}), include_violations);
}

TEST_CASE("every source opens with a comment that says what it is for") {
  expect_kept(sources_in({"lib", "include", "examples", "bench", "tests"}), opening_violations);
}

TEST_CASE("every atomic order that is not relaxed names its partner") {
  expect_kept(sources_in({"lib"}), memory_order_violations);
}

TEST_CASE("every memory order has a name, and docs/memory-order.md has the same names with the same orders") {
  const auto sources = sources_in({"lib"});
  expect_kept(sources, unnamed_order_violations);
  NamedOrders in_code;
  for (const SourceText& source : sources) {
    for (const auto& [name, order] : named_orders(source)) {
      CHECK_MESSAGE(in_code.emplace(name, order).second, source.path, ": another protocol has a ", name);
    }
  }
  REQUIRE_FALSE(in_code.empty());
  const NamedOrders documented = documented_orders(text_of(checkout() / "docs/memory-order.md"));
  for (const auto& [name, order] : in_code) {
    CHECK_MESSAGE(documented.contains(name), "docs/memory-order.md has no row for ", name);
    if (documented.contains(name))
      CHECK_MESSAGE(documented.at(name) == order, name, " is ", order, " in the code");
  }
  for (const auto& [name, order] : documented) {
    CHECK_MESSAGE(in_code.contains(name), "docs/memory-order.md has a row for ", name, ", the code has not");
  }
}

TEST_CASE("cited invariants exist") {
  const fs::path document = checkout() / "docs/architecture.md";
  if (!fs::exists(document)) {
    MESSAGE("docs/architecture.md is not written yet: nothing to compare with");
    return;
  }
  const auto known = documented_invariants(text_of(document));
  REQUIRE_MESSAGE(!known.empty(),
                  "docs/architecture.md has no numbered list under a heading with \"Invariants\"");
  expect_kept(sources_in({"lib", "include"}),
              [&](const SourceText& source) { return invariant_violations(source, known); });
}

TEST_CASE("every folder of lib is a layer with a README that says what it may include") {
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(checkout() / "lib")) {
    if (!entry.is_directory()) continue;
    const std::string layer = entry.path().filename().string();
    CAPTURE(layer);
    CHECK(is_layer(layer));
    ++seen;
    const fs::path readme = entry.path() / "README.md";
    if (!fs::exists(readme)) {
      FAIL_CHECK("lib/", layer, "/README.md is missing");
      continue;
    }
    std::string text = text_of(readme);
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    CHECK_MESSAGE(text.find("may include") != std::string::npos, "lib/", layer,
                  "/README.md: what may it include?");
  }
  CHECK(seen > 0);
}

TEST_CASE("every header of lib and include/shunt was compiled alone") {
  std::ifstream list(root_from("SHUNT_BUILD_ROOT") / "tests/layout/headers.txt");
  std::set<std::string> compiled;
  for (std::string line; std::getline(list, line);) compiled.insert(line);
  std::set<std::string> present;
  for (const SourceText& source : sources_in({"lib", "include/shunt"})) {
    if (!source.path.ends_with(".cpp")) present.insert(source.path);
  }
  INFO("stale? ./dev test or `meson setup --reconfigure build` lists the headers anew");
  CHECK(compiled == present);
}
