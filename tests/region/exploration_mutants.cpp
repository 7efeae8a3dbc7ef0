// A checker that has never caught anything is not trusted: each member of RegionProtocol is weakened, one at
// a time, and the explorer must find a violation in some scenario. A member that no scenario misses would not
// be needed.
#include "region/exploration_scenarios.hpp"

using namespace shunt::testing;

namespace {

struct Mutant {
  std::string name;
  std::function<void()> plant;
};
using Mutable = MutableProtocol;

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all = {
      {"word_read relaxed", [] { Mutable::word_read = std::memory_order_relaxed; }},
      {"word_change relaxed", [] { Mutable::word_change = std::memory_order_relaxed; }},
      {"word_change only releases", [] { Mutable::word_change = std::memory_order_release; }},
      {"word_change only acquires", [] { Mutable::word_change = std::memory_order_acquire; }},
      {"word_refused relaxed", [] { Mutable::word_refused = std::memory_order_relaxed; }},
      {"hint_read relaxed", [] { Mutable::hint_read = std::memory_order_relaxed; }},
      {"hint_lower relaxed", [] { Mutable::hint_lower = std::memory_order_relaxed; }},
      {"no generations", [] { Mutable::bumps_generation = false; }},
      {"no undoing of claims that fail", [] { Mutable::undoes_failed_claims = false; }},
  };
  return all;
}

void restore() {
  Mutable::word_read = shunt::RegionProtocol::word_read;
  Mutable::word_change = shunt::RegionProtocol::word_change;
  Mutable::word_refused = shunt::RegionProtocol::word_refused;
  Mutable::hint_read = shunt::RegionProtocol::hint_read;
  Mutable::hint_lower = shunt::RegionProtocol::hint_lower;
  Mutable::bumps_generation = shunt::RegionProtocol::bumps_generation;
  Mutable::undoes_failed_claims = shunt::RegionProtocol::undoes_failed_claims;
}

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all = transition_scenarios();
  for (Scenario& scenario : claim_scenarios()) all.push_back(std::move(scenario));
  return all;
}

}  // namespace

TEST_CASE("exploration: every member of the region table's protocol is missed when it is weakened") {
  const std::vector<Scenario> scenarios = all_scenarios();
  for (const Mutant& mutant : mutants()) {
    std::string found_by, first;
    for (const Scenario& scenario : scenarios) {
      mutant.plant();
      const Report report = explore(scenario.program, Options{});
      restore();
      if (report.violation.empty()) continue;
      CHECK_FALSE(report.trace.empty());
      if (found_by.empty()) {
        first = std::to_string(report.runs) + " runs of the first: " + report.violation;
      } else {
        found_by += ", ";
      }
      found_by += scenario.name;
    }
    CHECK_MESSAGE(!found_by.empty(), mutant.name, ": no scenario notices, so it is not needed");
    MESSAGE(mutant.name, ": found by ", found_by, "; after ", first);
  }
}

TEST_CASE("exploration: interleavings alone do not show a weakened order") {
  for (const Mutant& mutant : mutants()) {
    if (mutant.name.starts_with("no ")) continue;
    for (const Scenario& scenario : all_scenarios()) {
      mutant.plant();
      Options options;
      options.mode = Mode::sequentially_consistent;
      const Report report = explore(scenario.program, options);
      restore();
      CHECK_MESSAGE(report.holds(), mutant.name, " ", scenario.name, ": ", report.text());
    }
  }
}
