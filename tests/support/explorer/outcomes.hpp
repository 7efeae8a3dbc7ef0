// The set of ends that a program can come to, gathered over all its executions: what litmus tests compare.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "support/explorer/program.hpp"

namespace shunt::testing {

using Outcome = std::vector<std::uint64_t>;
using Outcomes = std::set<Outcome>;

inline std::string text_of(const Outcomes& outcomes) {
  std::string text;
  for (const Outcome& outcome : outcomes) {
    text += text.empty() ? "{" : ", {";
    for (const std::uint64_t value : outcome) {
      if (text.back() != '{') text += ",";
      text += std::to_string(value);
    }
    text += "}";
  }
  return text;
}

// Explores `program` with `outcome_of(state)` at each end.
template <class State, class OutcomeOf>
Outcomes outcomes_of(Program<State> program, Options options, OutcomeOf outcome_of, Report& report) {
  Outcomes outcomes;
  program.finish = [&](State& state) { outcomes.insert(outcome_of(state)); };
  report = explore(program, options);
  return outcomes;
}

}  // namespace shunt::testing
