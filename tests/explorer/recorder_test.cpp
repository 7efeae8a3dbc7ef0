// Recorded operations: what precedes what in each mode, histories that a sequential model explains or does
// not, and that forgetting how an operation came to its answer hides no history.
#include <algorithm>

#include "support/check.hpp"
#include "support/explorer/outcomes.hpp"
#include "support/explorer/recorder.hpp"
#include "support/linearizability.hpp"

using namespace shunt::testing;

namespace {

enum class Take : std::uint8_t { ticket };
using TicketEvent = Event<Take, std::uint32_t>;

struct TicketModel {
  std::uint32_t next = 0;
  bool apply(Take, std::uint32_t answer) { return answer == next++; }
  bool operator==(const TicketModel&) const = default;
  std::size_t hash() const { return next; }
};

struct Tickets {
  Simulated<std::uint32_t> next, told;
  Recorder<Take, std::uint32_t> history;

  std::uint32_t take(bool atomically) {
    return history.record(Take::ticket, [&] {
      if (atomically) return next.fetch_add(1, std::memory_order_relaxed);
      const std::uint32_t ticket = next.load(std::memory_order_relaxed);
      next.store(ticket + 1, std::memory_order_relaxed);
      return ticket;
    });
  }
  bool is_linearizable() const {
    return bool(check_linearizable(history.history<TicketEvent>(), TicketModel{}));
  }
};

Program<Tickets> two_takers(bool atomically) {
  Program<Tickets> program;
  const auto body = [=](Tickets& s) {
    s.take(atomically);
    s.take(atomically);
  };
  program.threads = {body, body};
  program.finish = [](Tickets& s) { require(s.is_linearizable(), "tickets are given out one by one"); };
  return program;
}

// Thread 1 takes a ticket only if it was told that thread 0 has taken one.
Program<Tickets> told(std::memory_order store, std::memory_order load) {
  Program<Tickets> program;
  program.threads = {[=](Tickets& s) {
                       s.take(true);
                       s.told.store(1, store);
                     },
                     [=](Tickets& s) {
                       if (s.told.load(load) == 1) s.take(true);
                     }};
  return program;
}

Outcome precedence(const Tickets& s) {
  Outcome outcome;
  for (const TicketEvent& event : s.history.history<TicketEvent>()) {
    outcome.insert(outcome.end(), {event.thread, event.index, event.before[0], event.before[1]});
  }
  return outcome;
}

}  // namespace

TEST_CASE("a history that no order explains is found; the cure is accepted") {
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    Options options;
    options.mode = mode;
    CHECK(explore(two_takers(false), options).violation == "tickets are given out one by one");
    const Report right = explore(two_takers(true), options);
    CHECK_MESSAGE(right.holds(), right.text());
  }
}

TEST_CASE("an operation precedes another by time in interleavings, by synchronisation in release/acquire") {
  const auto precedes = [](Mode mode, std::memory_order store, std::memory_order load) {
    Options options;
    options.mode = mode;
    Report report;
    const Outcomes outcomes = outcomes_of(told(store, load), options, precedence, report);
    CHECK_MESSAGE(report.holds(), report.text());
    return text_of(outcomes);
  };
  using enum std::memory_order;
  const std::string ordered = "{0,0,0,0}, {0,0,0,0,1,0,1,0}", unordered = "{0,0,0,0}, {0,0,0,0,1,0,0,0}";
  CHECK(precedes(Mode::sequentially_consistent, relaxed, relaxed) == ordered);
  CHECK(precedes(Mode::release_acquire, release, acquire) == ordered);
  CHECK(precedes(Mode::release_acquire, release, relaxed) == unordered);
  CHECK(precedes(Mode::release_acquire, relaxed, acquire) == unordered);
}

TEST_CASE("merging hides no history") {
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    for (const bool atomically : {true, false}) {
      const auto histories = [&](bool merge) {
        Options options;
        options.mode = mode;
        options.merge = merge;
        Report report;
        const Outcomes outcomes = outcomes_of(
            two_takers(atomically), options,
            [](const Tickets& s) {
              Outcome outcome = precedence(s);
              for (const TicketEvent& e : s.history.history<TicketEvent>()) outcome.push_back(e.result);
              return outcome;
            },
            report);
        CHECK_MESSAGE(report.holds(), report.text());
        return std::pair(outcomes, report.schedules);
      };
      const auto merged = histories(true), unmerged = histories(false);
      CHECK(text_of(merged.first) == text_of(unmerged.first));
      CHECK(merged.second == unmerged.second);
      CHECK(merged.first.size() > 2);
    }
  }
}
