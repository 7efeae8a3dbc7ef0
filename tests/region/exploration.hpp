// The real region table over simulated atomics: the state that the scenarios of exploration_scenarios.hpp
// share, the protocol whose members the mutants change, and how a scenario is explored.
//
// Each region has contents, plain data that only its owner may touch: two owners at once, or one who does not
// see what the one before him did, are data races.
#pragma once

#include <algorithm>

#include "region/region_table.hpp"
#include "support/check.hpp"
#include "support/explorer/program.hpp"
#include "support/explorer/recorder.hpp"
#include "support/soak.hpp"

namespace shunt::testing {

// RegionProtocol with members that a test may change while it runs. What the table uses and this does not
// have does not compile, so every member is here and has its mutant (exploration_mutants.cpp).
struct MutableProtocol {
  static inline auto word_read = RegionProtocol::word_read;
  static inline auto word_change = RegionProtocol::word_change;
  static inline auto word_refused = RegionProtocol::word_refused;
  static inline auto hint_read = RegionProtocol::hint_read;
  static inline auto hint_lower = RegionProtocol::hint_lower;
  static inline bool bumps_generation = RegionProtocol::bumps_generation;
  static inline bool undoes_failed_claims = RegionProtocol::undoes_failed_claims;
};

struct ClaimOperation {
  enum class Kind : std::uint8_t { Claim, ClaimRun, ClaimAt, Release };
  Kind kind = Kind::Claim;
  std::uint32_t region = 0;  // of ClaimAt and Release
  std::uint32_t count = 1;
};
inline constexpr std::uint32_t no_region = value(RegionIndex::none);

struct ExploredRegions {
  using Table = BasicRegionTable<Simulated, MutableProtocol>;

  std::vector<Table::Word> words;
  std::vector<Plain<std::uint32_t>> contents;
  Table::Control control;
  Plain<std::uint32_t> entry;     // of a forwarding
  Simulated<std::uint32_t> flag;  // for what scenarios tell each other beside the table
  Table table;
  std::array<ClaimHint, max_threads> hints{ClaimHint(0), ClaimHint(0), ClaimHint(0), ClaimHint(0)};
  Recorder<ClaimOperation, std::uint32_t> history;
  std::array<std::uint32_t, max_threads> owned{};  // bits of the regions that a thread holds at its end

  ExploredRegions() {
    control.hint.name("hint");
    control.unmet.name("unmet");
    control.high_water.name("high_water");
    entry.name("entry");
    flag.name("flag");
  }
  void open(std::uint32_t regions) {
    words = std::vector<Table::Word>(regions);
    contents = std::vector<Plain<std::uint32_t>>(regions);
    for (unsigned r = 0; r < regions; ++r) {
      words[r].name("word", int(r));
      contents[r].name("contents", int(r));
    }
    table = Table({.base = Address{base}, .region_shift = shift, .region_count = regions}, std::span(words),
                  control);
  }
  static Address address_in(std::uint32_t region) {
    return Address{base + (std::uintptr_t{region} << shift) + 24};
  }

  // As its thread's recorded operation; what is claimed is written to and owned.
  std::uint32_t claim() {
    ClaimHint& own = hints[Execution::running().thread()];
    return took({ClaimOperation::Kind::Claim}, [&] { return value(table.claim(RegionKind::Small, own)); });
  }
  std::uint32_t claim_run(std::uint32_t count) {
    return took({ClaimOperation::Kind::ClaimRun, 0, count},
                [&] { return value(table.claim_contiguous(count)); });
  }
  std::uint32_t claim_at(std::uint32_t region, std::uint32_t count) {
    return took({ClaimOperation::Kind::ClaimAt, region, count},
                [&] { return table.claim_at(RegionIndex{region}, count) ? region : no_region; });
  }
  // Of a region that is Allocating, as an undone claim gives it back; or Quarantined.
  void release(std::uint32_t region, RegionState from = RegionState::Allocating) {
    owned[Execution::running().thread()] &= ~(1u << region);
    history.record(ClaimOperation{ClaimOperation::Kind::Release, region}, [&] {
      require(bool(table.transition(RegionIndex{region}, from, RegionState::Free)), "an owner may release");
      return region;
    });
  }
  // The owner's: nobody else is there, and what the one before left is seen.
  void use(std::uint32_t region) {
    const std::uint32_t mine = Execution::running().thread() + 1;
    contents[region] = mine;
    require(contents[region] == mine, "an owner finds what it wrote");
  }

 private:
  static constexpr std::uintptr_t base = std::uintptr_t{1} << 40;
  static constexpr unsigned shift = 21;

  template <class Call>
  std::uint32_t took(const ClaimOperation& operation, Call call) {
    const ClaimHint& own = hints[Execution::running().thread()];
    const std::uint32_t start = history.record(operation, call, [&] { return own.start(); });
    if (start == no_region) return start;
    for (std::uint32_t r = start; r < start + operation.count; ++r) {
      use(r);
      owned[Execution::running().thread()] |= 1u << r;
    }
    return start;
  }
};

using RegionProgram = Program<ExploredRegions>;

// A soak allows more of everything, and each exploration a share of its time; in `./dev test` all is
// explored.
inline Options options_of(Mode mode) {
  Options options;
  options.mode = mode;
  if (soak_seconds() == 0) return options;
  options.spurious_failures = 1;
  options.state_limit = 12'000'000;
  options.seconds = std::max(10.0, soak_seconds() / 16);
  return options;
}

// In both modes, saying how much it covered. For what has to hold in all of them.
template <class State>
void explore_all(const std::string& name, const Program<State>& program, bool spurious_failures = true) {
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    Options options = options_of(mode);
    if (!spurious_failures) options.spurious_failures = 0;
    const Report report = explore(program, options);
    CHECK_MESSAGE(report.violation.empty(), name, ": ", report.text());
    CHECK((report.complete || soak_seconds() > 0));
    MESSAGE(name, ": ", report.text());
    record_count("executions run by the explorer", report.runs);
    record_count("distinct states explored", report.states);
    record_count("schedules covered by them (at least)",
                 static_cast<std::uint64_t>(std::min(report.schedules, 1e15)));
  }
}

}  // namespace shunt::testing
