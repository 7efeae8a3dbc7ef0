// Counting, drawing, running, and the line of figures.
#include "faults/sweep.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>

#include "faults/crash_note.hpp"
#include "support/check.hpp"

namespace shunt::testing {
namespace {

// Of the quick form, for each scenario.
constexpr std::size_t quick_points = 100;
constexpr std::size_t quick_pairs = 15;
constexpr std::size_t full_pairs = 600;  // of the full form, at least
constexpr unsigned seconds_a_run = 120;
constexpr std::size_t most_failures = 5;

using Point = std::vector<Fault>;

const char* environment(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != 0 ? text : nullptr;
}

struct Figures {
  std::size_t points = 0, pairs = 0, reached = 0, refused = 0, fell_back = 0, stayed = 0, failures = 0;
};

class Sweep {
 public:
  explicit Sweep(const Scenario& scenario)
      : scenario_(scenario), seed_(test_seed()), random_(seed_), note_(seconds_a_run) {}

  void run_all();
  void run_one(const Point& faults) { try_point(faults, {}); }

 private:
  bool count_calls();
  std::vector<Point> all_points() const;
  std::vector<Point> draw(std::size_t count);
  void try_random_pair();
  // `names`: the calls that the indices count. Returns those that this run made.
  std::vector<KernelCall> try_point(const Point&, const std::vector<KernelCall>& names);
  std::string describe(const Point&, const std::vector<KernelCall>& names) const;
  bool has_failed_enough() const { return figures_.failures >= most_failures; }

  const Scenario& scenario_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  CrashNote note_;
  std::vector<KernelCall> calls_;
  std::vector<Point> singles_;
  Figures figures_;
};

std::string Sweep::describe(const Point& faults, const std::vector<KernelCall>& names) const {
  std::string text = std::string(scenario_.name) + ", seed " + std::to_string(seed_);
  for (const Fault& fault : faults) {
    const bool known = fault.index < names.size();
    text += ", call " + std::to_string(fault.index) + " (" +
            (known ? name_of_call(names[fault.index]) : std::string("not counted")) + ") answers " +
            (fault.answer.code == 0 ? "a short count" : os::errno_name(fault.answer.code)) + " with " +
            name_of(fault.answer.extent) + " done" + (fault.sticky ? ", from then on" : "");
  }
  const std::string again = faults.empty() ? "none" : text_of(faults);
  return text + "; again: SHUNT_TEST_SEED=" + std::to_string(seed_) + " SHUNT_FAULT=" + scenario_.name + "/" +
         again;
}

bool Sweep::count_calls() {
  note_.renew(describe({}, {}));
  FaultRun run({});
  const Outcome outcome = scenario_.body(run, seed_);
  calls_ = run.calls();
  INFO(describe({}, {}) << ": moved " << outcome.moved << ", by VMA " << outcome.moved_by_vma
                        << ", over borders " << outcome.crossings << ", healed " << outcome.healed
                        << ", stayed " << outcome.stayed);
  CHECK(run.what_is_wrong() == "");
  CHECK(scenario_.does_what_it_says(outcome));
  CHECK(!calls_.empty());
  return run.what_is_wrong().empty() && !calls_.empty();
}

// Every call with every answer, once and from then on. What stays in part done for ever ends by itself.
std::vector<Point> Sweep::all_points() const {
  std::vector<Point> points;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    for (const FaultAnswer answer : plausible_answers(calls_[i])) {
      points.push_back({{i, answer, false}});
      if (answer.extent == Extent::Nothing || answer.extent == Extent::Part)
        points.push_back({{i, answer, true}});
    }
  }
  return points;
}

// Half of them where the heap's own memory is at stake, the others anywhere.
std::vector<Point> Sweep::draw(std::size_t count) {
  std::vector<Point> points = singles_, chosen;
  std::ranges::shuffle(points, random_);
  const auto rest = std::partition(points.begin(), points.end(), [&](const Point& point) {
    return changes_memory(calls_[point[0].index]);
  });
  const auto serious = std::min<std::size_t>(count / 2, static_cast<std::size_t>(rest - points.begin()));
  chosen.assign(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(serious));
  points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(serious));
  std::ranges::sample(points, std::back_inserter(chosen), static_cast<std::ptrdiff_t>(count - serious),
                      random_);
  return chosen;
}

// The first fault is tried alone, and its run counted: the second meets one of the calls that really follow,
// half of the time one of the next few, which are the reaction to the first.
void Sweep::try_random_pair() {
  constexpr std::size_t reaction = 12;
  Point pair = draw(2)[random_() % 2];
  pair[0].sticky = false;
  const std::vector<KernelCall> seen = try_point(pair, calls_);
  if (seen.size() < pair[0].index + 2) return;
  const std::size_t behind = seen.size() - pair[0].index - 1;
  const std::size_t within = random_() % 2 == 0 ? std::min(reaction, behind) : behind;
  const std::size_t second = pair[0].index + 1 + random_() % within;
  const auto answers = plausible_answers(seen[second]);
  pair.push_back({second, answers[random_() % answers.size()], false});
  try_point(pair, seen);
  ++figures_.pairs;
}

std::vector<KernelCall> Sweep::try_point(const Point& faults, const std::vector<KernelCall>& names) {
  note_.renew(describe(faults, names));
  FaultRun run(faults);
  Outcome outcome;
  try {
    outcome = scenario_.body(run, seed_);
  } catch (const std::exception& e) {
    run.wrong(std::string("threw: ") + e.what());
  }
  run.ledger().give_back_refused();
  figures_.reached += run.was_hit();
  figures_.refused += outcome.refused || !outcome.opened;
  figures_.fell_back += outcome.fell_back != 0;
  figures_.stayed += outcome.stayed != 0;
  if (!run.what_is_wrong().empty()) {
    ++figures_.failures;
    FAIL_CHECK(run.what_is_wrong() << " -- " << describe(faults, names));
  }
  return run.calls();
}

void Sweep::run_all() {
  if (!count_calls()) return;
  singles_ = all_points();
  const char* soak = environment("SHUNT_SOAK_SECONDS");
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(soak != nullptr ? std::atol(soak) : 0);
  const std::vector<Point> chosen = soak != nullptr ? singles_ : draw(quick_points / scenario_.price);
  for (const Point& point : chosen) {
    if (has_failed_enough()) break;
    try_point(point, calls_);
    ++figures_.points;
  }
  const std::size_t least_pairs = (soak != nullptr ? full_pairs : quick_pairs) / scenario_.price;
  for (std::size_t i = 0; i < least_pairs || std::chrono::steady_clock::now() < end; ++i) {
    if (has_failed_enough()) break;
    try_random_pair();
  }
  std::printf(
      "faults: %s: %zu calls, %zu of %zu fault points%s and %zu pairs tried, %zu reached; "
      "%zu refused with an Error, %zu fell back to copying, %zu left something; %zu wrong; seed %llu\n",
      scenario_.name, calls_.size(), figures_.points, singles_.size(),
      figures_.points < singles_.size() ? " (a sample)" : "", figures_.pairs, figures_.reached,
      figures_.refused, figures_.fell_back, figures_.stayed, figures_.failures,
      static_cast<unsigned long long>(seed_));
  std::fflush(stdout);
}

// The faults that SHUNT_FAULT names behind the scenario's name and a slash.
std::optional<std::string> asked_for(const Scenario& scenario) {
  const char* asked = environment("SHUNT_FAULT");
  const std::string start = std::string(scenario.name) + "/";
  if (asked == nullptr || !std::string_view(asked).starts_with(start)) return std::nullopt;
  return std::string(asked).substr(start.size());
}

}  // namespace

bool is_left_out(const Scenario& scenario) {
  return environment("SHUNT_FAULT") != nullptr && !asked_for(scenario);
}

void sweep(const Scenario& scenario) {
  Sweep all(scenario);
  const std::optional<std::string> one = asked_for(scenario);
  if (!one) return all.run_all();
  const Point faults = *one == "none" ? Point{} : parse_faults(*one);
  all.run_one(faults);
  std::printf("faults: %s: tried %s alone\n", scenario.name, one->c_str());
}

}  // namespace shunt::testing
