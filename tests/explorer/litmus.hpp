// Litmus tests: up to four atomics, up to eight values read, and the set of ends in each mode, with merging
// of states and without.
#pragma once

#include "support/check.hpp"
#include "support/explorer/outcomes.hpp"

namespace shunt::testing {

struct Litmus {
  Simulated<int> x, y, z;
  std::uint64_t r[6]{};
};
using Body = std::function<void(Litmus&)>;

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

// The first `registers` of r, then the last values of x, y and z if `with_memory`.
inline Outcomes litmus_outcomes(const std::vector<Body>& threads, unsigned registers, Options options,
                                bool with_memory = false) {
  Program<Litmus> program;
  program.threads = threads;
  Report report;
  const Outcomes outcomes = outcomes_of(
      program, options,
      [&](Litmus& s) {
        Outcome outcome(s.r, s.r + registers);
        if (with_memory) {
          for (auto* location : {&s.x, &s.y, &s.z}) outcome.push_back(std::uint64_t(location->load()));
        }
        return outcome;
      },
      report);
  CHECK_MESSAGE(report.holds(), report.text());
  return outcomes;
}

struct LitmusResult {
  Outcomes interleaved, weak;
};

// In both modes; merged and unmerged exploration must agree.
inline LitmusResult run_litmus(const std::vector<Body>& threads, unsigned registers,
                               bool with_memory = false) {
  LitmusResult result;
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    Options options;
    options.mode = mode;
    const Outcomes merged = litmus_outcomes(threads, registers, options, with_memory);
    options.merge = false;
    CHECK(text_of(merged) == text_of(litmus_outcomes(threads, registers, options, with_memory)));
    (mode == Mode::release_acquire ? result.weak : result.interleaved) = merged;
  }
  return result;
}

inline std::string all_but(unsigned bits, const Outcomes& excluded) {
  Outcomes all;
  for (unsigned n = 0; n < 1u << bits; ++n) {
    Outcome outcome;
    for (unsigned b = 0; b < bits; ++b) outcome.push_back(n >> b & 1u);
    if (!excluded.contains(outcome)) all.insert(outcome);
  }
  return text_of(all);
}

}  // namespace shunt::testing
