// How many schedules there are is a closed formula for programs without choices of messages; the explorer
// must come to the same number, merged or not, and merging must spare runs.
#include "support/check.hpp"
#include "support/explorer/program.hpp"

using namespace shunt::testing;

namespace {

// n! / (product of the threads' steps, factorial each), exact in these sizes.
double multinomial(const std::vector<unsigned>& steps) {
  double ways = 1;
  unsigned total = 0;
  for (const unsigned n : steps) {
    for (unsigned k = 1; k <= n; ++k) ways = ways * ++total / k;
  }
  return ways;
}

struct Locations {
  std::array<Simulated<std::uint32_t>, 4> own;
};

Program<Locations> independent_threads(const std::vector<unsigned>& steps) {
  Program<Locations> program;
  for (unsigned t = 0; t < steps.size(); ++t) {
    program.threads.push_back([t, n = steps[t]](Locations& s) {
      for (unsigned k = 0; k < n; ++k) s.own[t].fetch_add(1, std::memory_order_relaxed);
    });
  }
  program.finish = [steps](Locations& s) {
    for (unsigned t = 0; t < steps.size(); ++t) require(s.own[t].load() == steps[t], "all were counted");
  };
  return program;
}

}  // namespace

TEST_CASE("every interleaving is counted: multinomial coefficients") {
  REQUIRE(multinomial({3, 3}) == 20);
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    for (const std::vector<unsigned>& steps : std::vector<std::vector<unsigned>>{
             {1}, {5}, {1, 1}, {3, 3}, {2, 7}, {2, 2, 2}, {3, 4, 3}, {2, 2, 2, 2}}) {
      Options options;
      options.mode = mode;
      const Report merged = explore(independent_threads(steps), options);
      CHECK_MESSAGE(merged.holds(), merged.text());
      CHECK(merged.schedules == multinomial(steps));
      // A state is how far each thread has come.
      std::uint64_t states = 1, total = 0;
      for (const unsigned n : steps) states *= n + 1, total += n;
      CHECK(merged.states == states);
      CHECK(merged.longest == total);
      options.merge = false;
      const Report unmerged = explore(independent_threads(steps), options);
      CHECK_MESSAGE(unmerged.holds(), unmerged.text());
      CHECK(unmerged.schedules == multinomial(steps));
      CHECK(unmerged.runs == std::uint64_t(multinomial(steps)));
      CHECK(merged.runs <= unmerged.runs);
    }
  }
}

TEST_CASE("more schedules than could be run one by one are covered by few runs") {
  const Report report = explore(independent_threads({20, 20, 20}), Options{});
  CHECK_MESSAGE(report.holds(), report.text());
  CHECK(report.states == 21u * 21 * 21);
  CHECK(report.schedules == doctest::Approx(multinomial({20, 20, 20})));
  CHECK(report.schedules > 1e26);
}

TEST_CASE("a loop that another thread must end is reported, not followed for ever") {
  Program<Locations> program;
  program.threads = {[](Locations& s) {
                       while (s.own[0].load() == 0) {
                       }
                     },
                     [](Locations& s) { s.own[0].store(1); }};
  const Report report = explore(program, Options{});
  CHECK_FALSE(report.holds());
  CHECK(report.violation == "more than 400 steps");
}

TEST_CASE("giving up after so many states is not a proof") {
  Options options;
  options.state_limit = 95;
  const Report report = explore(independent_threads({9, 9}), options);
  CHECK_FALSE(report.holds());
  CHECK(report.violation.empty());
  CHECK_FALSE(report.complete);
  CHECK(report.schedules > 0);  // those that were covered until then
  CHECK(report.schedules < multinomial({9, 9}));
}
