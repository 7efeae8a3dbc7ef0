// Random small programs: the explorer must find exactly the ends that the axioms of C++20 allow (axioms.hpp),
// the same ones and as many schedules with merging as without, and no more when orders are made stronger.
#include <random>

#include "explorer/axioms.hpp"
#include "support/check.hpp"

using namespace shunt::testing;

namespace {

constexpr unsigned locations = 3;

struct Machine {
  std::array<Simulated<unsigned>, locations> at;
  Outcome read;  // one value for each instruction that reads, thread by thread
};

struct Recipe {
  unsigned threads, instructions;
  bool fences, sequential_accesses;
};

class Programs {
 public:
  explicit Programs(std::uint64_t seed) : random_(seed) {}

  Instructions next(const Recipe& recipe) {
    Instructions program(recipe.threads);
    unsigned value = 0;
    for (auto& thread : program) {
      for (unsigned i = 0; i < recipe.instructions; ++i) thread.push_back(instruction(recipe, ++value));
    }
    return program;
  }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }

  Instruction instruction(const Recipe& recipe, unsigned value) {
    using enum std::memory_order;
    using enum StepKind;
    constexpr StepKind kinds[] = {Load, Load, Load, Store, Store, Store, Exchange, Fence};
    Instruction i{kinds[below(recipe.fences ? 8 : 7)], below(2), value, relaxed};
    if (below(8) == 0) i.location = 2;
    const std::memory_order of_load[] = {relaxed, acquire, seq_cst};
    const std::memory_order of_store[] = {relaxed, release, seq_cst};
    const std::memory_order of_both[] = {relaxed, acquire, release, acq_rel, seq_cst};
    const unsigned sequential = recipe.sequential_accesses;
    if (i.kind == Load) i.order = of_load[below(2 + sequential)];
    if (i.kind == Store) i.order = of_store[below(2 + sequential)];
    if (i.kind == Exchange) i.order = of_both[below(4 + sequential)];
    if (i.kind == Fence) i.order = of_both[1 + below(4)];
    return i;
  }

  std::mt19937_64 random_;
};

std::uint64_t& place_of(Machine& m, const Instructions& program, unsigned thread, unsigned index) {
  std::size_t place = index;
  for (unsigned t = 0; t < thread; ++t) place += program[t].size();
  return m.read[place];
}

void run(Machine& m, const Instructions& program, unsigned thread) {
  for (unsigned i = 0; i < program[thread].size(); ++i) {
    const Instruction& instruction = program[thread][i];
    auto& location = m.at[instruction.location];
    switch (instruction.kind) {
      case StepKind::Load:
        place_of(m, program, thread, i) = location.load(instruction.order);
        break;
      case StepKind::Store:
        location.store(instruction.value, instruction.order);
        break;
      case StepKind::Exchange:
        place_of(m, program, thread, i) = location.exchange(instruction.value, instruction.order);
        break;
      default:
        simulated_fence(instruction.order);
        break;
    }
  }
}

Outcome end_of(Machine& m, const Instructions& program) {
  Outcome outcome;
  std::size_t place = 0;
  for (const auto& thread : program) {
    for (const Instruction& i : thread) {
      if (i.kind == StepKind::Load || i.kind == StepKind::Exchange) outcome.push_back(m.read[place]);
      ++place;
    }
  }
  for (auto& location : m.at) outcome.push_back(location.load());
  return outcome;
}

struct Explored {
  Outcomes outcomes;
  double schedules;
};

Explored explored(const Instructions& instructions, Mode mode, bool merge) {
  Program<Machine> program;
  program.prepare = [&](Machine& m) {
    std::size_t size = 0;
    for (const auto& thread : instructions) size += thread.size();
    m.read.resize(size);
  };
  for (unsigned t = 0; t < instructions.size(); ++t) {
    program.threads.push_back([&, t](Machine& m) { run(m, instructions, t); });
  }
  Options options;
  options.mode = mode;
  options.merge = merge;
  Report report;
  Explored result{outcomes_of(
                      program, options, [&](Machine& m) { return end_of(m, instructions); }, report),
                  0};
  CHECK_MESSAGE(report.holds(), report.text());
  result.schedules = report.schedules;
  return result;
}

bool is_subset(const Outcomes& a, const Outcomes& b) {
  return std::includes(b.begin(), b.end(), a.begin(), a.end());
}

}  // namespace

TEST_CASE("random programs end as the axioms of C++20 allow, in all the ways that they allow") {
  Programs programs(test_seed());
  for (const Recipe& recipe : {Recipe{2, 3, false, false}, Recipe{2, 4, true, false},
                               Recipe{3, 2, false, false}, Recipe{3, 3, true, false}}) {
    for (unsigned n = 0; n < 60; ++n) {
      const Instructions program = programs.next(recipe);
      INFO("seed ", test_seed(), "\n", text_of(program));
      const Outcomes found = explored(program, Mode::release_acquire, true).outcomes;
      REQUIRE(text_of(found) == text_of(outcomes_by_axioms(program, locations)));
      REQUIRE(is_subset(explored(program, Mode::sequentially_consistent, true).outcomes, found));
    }
  }
}

TEST_CASE("random programs with seq_cst accesses end in no way that the axioms forbid") {
  Programs programs(test_seed());
  for (const Recipe& recipe : {Recipe{2, 4, false, true}, Recipe{3, 3, true, true}}) {
    for (unsigned n = 0; n < 60; ++n) {
      const Instructions program = programs.next(recipe);
      INFO("seed ", test_seed(), "\n", text_of(program));
      const Outcomes found = explored(program, Mode::release_acquire, true).outcomes;
      const Outcomes allowed = outcomes_by_axioms(program, locations);
      CAPTURE(text_of(found));
      CAPTURE(text_of(allowed));
      REQUIRE(is_subset(found, allowed));
      REQUIRE(is_subset(explored(program, Mode::sequentially_consistent, true).outcomes, found));
    }
  }
}

TEST_CASE("random programs: merging loses no end and counts every schedule") {
  Programs programs(test_seed() + 1);
  for (unsigned n = 0; n < 40; ++n) {
    const Instructions program = programs.next({n % 2 == 0 ? 2u : 3u, n % 2 == 0 ? 4u : 2u, true, true});
    INFO("seed ", test_seed(), "\n", text_of(program));
    for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
      const Explored merged = explored(program, mode, true), unmerged = explored(program, mode, false);
      REQUIRE(text_of(merged.outcomes) == text_of(unmerged.outcomes));
      REQUIRE(merged.schedules == unmerged.schedules);
    }
  }
}
