// What the explorer must find, and how it reports it: data races, broken checks, wrong programs; and that it
// accepts them once they are right.
#include "support/check.hpp"
#include "support/explorer/program.hpp"

using namespace shunt::testing;

namespace {

constexpr Mode both_modes[] = {Mode::sequentially_consistent, Mode::release_acquire};

struct Published {
  Plain<int> data;
  Simulated<bool> ready;
  Published() {
    data.name("data");
    ready.name("ready");
  }
};

Program<Published> publication(std::memory_order store, std::memory_order load, bool checks_flag = true) {
  Program<Published> program;
  program.threads = {[=](Published& s) {
                       s.data = 42;
                       s.ready.store(true, store);
                     },
                     [=](Published& s) {
                       if (s.ready.load(load) || !checks_flag)
                         require(s.data == 42, "published data is seen");
                     }};
  return program;
}

Report explore_in(Mode mode, const auto& program) {
  Options options;
  options.mode = mode;
  return explore(program, options);
}

bool mentions(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("a data race is found, and only where there is one") {
  for (const Mode mode : both_modes) {
    const Report ordered =
        explore_in(mode, publication(std::memory_order_release, std::memory_order_acquire));
    CHECK_MESSAGE(ordered.holds(), ordered.text());
    const Report unchecked =
        explore_in(mode, publication(std::memory_order_release, std::memory_order_acquire, false));
    CHECK(mentions(unchecked.violation, "data race"));
  }
}

TEST_CASE("a weakened order is a data race in release/acquire mode; interleavings alone do not show it") {
  for (const auto& [store, load] : {std::pair{std::memory_order_relaxed, std::memory_order_acquire},
                                    std::pair{std::memory_order_release, std::memory_order_relaxed}}) {
    CHECK(mentions(explore_in(Mode::release_acquire, publication(store, load)).violation, "data race"));
    CHECK(explore_in(Mode::sequentially_consistent, publication(store, load)).holds());
  }
}

TEST_CASE("a write races with a read that came before it") {
  Program<Published> program;
  program.threads = {[](Published& s) {
                       const int seen = s.data;
                       s.ready.store(seen == 0, std::memory_order_relaxed);
                     },
                     [](Published& s) {
                       if (s.ready.load(std::memory_order_acquire)) s.data = 1;
                     }};
  CHECK(mentions(explore_in(Mode::release_acquire, program).violation, "a plain write"));
}

TEST_CASE("a violation can be read, and seen again from its choices") {
  const auto program = publication(std::memory_order_relaxed, std::memory_order_relaxed);
  const Report found = explore_in(Mode::release_acquire, program);
  REQUIRE_FALSE(found.holds());
  CHECK(mentions(found.trace, "thread 0  data is set to 0x2a"));
  CHECK(mentions(found.trace, "ready.store(1, relaxed)"));
  CHECK(mentions(found.trace, "ready.load(relaxed) = 1, of step 1"));
  Options again;
  again.choices = found.choices;
  const Report repeated = explore(program, again);
  CHECK(repeated.violation == found.violation);
  CHECK(repeated.trace == found.trace);
  CHECK(repeated.runs == 1);
}

TEST_CASE("a stale read is named as such") {
  struct Two {
    Simulated<int> x, y;
  };
  Program<Two> program;
  program.threads = {[](Two& s) {
                       s.x.store(1, std::memory_order_relaxed);
                       s.y.store(1, std::memory_order_relaxed);
                     },
                     [](Two& s) {
                       const int y = s.y.load(std::memory_order_relaxed);
                       require(s.x.load(std::memory_order_relaxed) >= y, "x is seen before y");
                     }};
  const Report found = explore(program, Options{});
  CHECK(found.violation == "x is seen before y");
  CHECK(mentions(found.trace, "location 0.load(relaxed) = 0, of the start, STALE: 1 newer"));
}

TEST_CASE("a check that aborts inside a thread, and an exception, are violations with a schedule") {
  struct One {
    Simulated<int> x;
  };
  Program<One> program;
  program.threads = {[](One& s) { s.x.store(1); },
                     [](One& s) {
                       if (s.x.load() == 1) std::abort();
                     }};
  const Report aborted = explore(program, Options{});
  CHECK(mentions(aborted.violation, "aborted"));
  CHECK(aborted.choices == "0,1");
  program.threads[1] = [](One& s) {
    if (s.x.load() == 1) throw std::runtime_error("no");
  };
  CHECK(mentions(explore(program, Options{}).violation, "exception left the thread: no"));
}

TEST_CASE("what does not hold at the end, or at the start, is a violation") {
  struct Counter {
    Simulated<int> count;
  };
  Program<Counter> program;
  const auto lost_update = [](Counter& s) { s.count.store(s.count.load() + 1); };
  program.threads = {lost_update, lost_update};
  program.finish = [](Counter& s) { require(s.count.load() == 2, "no update is lost"); };
  for (const Mode mode : both_modes) {
    const Report report = explore_in(mode, program);
    CHECK(report.violation == "no update is lost");
    CHECK_FALSE(report.trace.empty());
  }
  program.prepare = [](Counter&) { require(false, "never right"); };
  CHECK(explore(program, Options{}).violation == "never right");
}
