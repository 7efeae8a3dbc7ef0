// region: the transition table, its printed form, and the fields of the word.
#include "region/region_state.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "region/region_word.hpp"
#include "support/check.hpp"

using namespace shunt;

namespace {

std::string printed_table() {
  std::vector<char> text(print_transitions({}) + 1);
  print_transitions(text);
  return text.data();
}

std::string block_in_readme() {
  const char* root = std::getenv("SHUNT_SOURCE_ROOT");
  INFO("run by meson test, or with SHUNT_SOURCE_ROOT set to the source tree");
  REQUIRE(root != nullptr);
  std::ifstream file(std::string(root) + "/lib/region/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string readme = text.str(), fence = "```transitions\n";
  const std::size_t start = readme.find(fence);
  REQUIRE(start != std::string::npos);
  return readme.substr(start + fence.size(), readme.find("```", start + fence.size()) - start - fence.size());
}

}  // namespace

TEST_CASE("exactly the transitions of the design are legal") {
  using enum RegionState;
  const std::set<std::pair<RegionState, RegionState>> expected = {
      {Free, Allocating},        {Allocating, Free}, {Allocating, Live},     {Live, Selected},
      {Live, Quarantined},       {Selected, Live},   {Selected, Forwarding}, {Forwarding, Live},
      {Forwarding, Quarantined}, {Quarantined, Free}};
  for (unsigned from = 0; from < region_state_count; ++from) {
    for (unsigned to = 0; to < region_state_count; ++to) {
      const auto f = static_cast<RegionState>(from), t = static_cast<RegionState>(to);
      INFO(name_of(f), " -> ", name_of(t));
      CHECK(is_legal(f, t) == expected.contains({f, t}));
    }
  }
}

TEST_CASE("the README shows the table that the code uses") { CHECK(block_in_readme() == printed_table()); }

TEST_CASE("printing into too little room cuts the text, terminates it, and says what it needs") {
  const std::string whole = printed_table();
  std::vector<char> room(40, 'x');
  CHECK(print_transitions(room) == whole.size());
  CHECK(std::string(room.data()) == whole.substr(0, 39));
}

TEST_CASE("every state and kind has a name of its own") {
  std::set<std::string> names;
  for (unsigned s = 0; s < region_state_count; ++s) names.insert(name_of(static_cast<RegionState>(s)));
  for (unsigned k = 0; k < region_kind_count; ++k) names.insert(name_of(static_cast<RegionKind>(k)));
  CHECK(names.size() == region_state_count + region_kind_count);
  CHECK_FALSE(names.contains("?"));
}

TEST_CASE("a word's fields do not touch each other, at their greatest values too") {
  const RegionWord full = RegionWord{~std::uint64_t{0}};
  CHECK(full.payload() == RegionWord::max_payload);
  CHECK(full.pins() == RegionWord::max_pins);
  CHECK(full.generation() == 0xFFFF);
  const RegionWord word = RegionWord{}.with(RegionState::Quarantined).with(RegionKind::Pinned);
  const RegionWord packed = word.with_payload(RegionWord::max_payload).with_pins(RegionWord::max_pins);
  CHECK(packed.state() == RegionState::Quarantined);
  CHECK(packed.kind() == RegionKind::Pinned);
  CHECK(packed.generation() == 0);
  CHECK(packed.with_payload(0).with_pins(0) == word);
  CHECK(full.with_payload(5).with_pins(full.pins()).with_payload(RegionWord::max_payload) == full);
}

TEST_CASE("a freed word is one generation later and else zero; generations wrap") {
  const RegionWord used =
      RegionWord{}.with(RegionState::Quarantined).with(RegionKind::Medium).with_payload(77);
  CHECK(used.freed() == RegionWord{std::uint64_t{1} << 48});
  CHECK(RegionWord{~std::uint64_t{0}}.freed() == RegionWord{});
}
