// The linearizability search (tests/support/linearizability.hpp) against histories whose verdict is known:
// the textbook's registers and queues, operations of several steps, and random histories against every
// permutation.
#include "support/linearizability.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>

#include "support/check.hpp"

using namespace shunt::testing;

namespace {

// From..to in ticks: an operation precedes another if it ended before the other began.
struct Timed {
  unsigned thread;
  char operation;  // w r: write and read a register; e d: enqueue and dequeue
  int result;
  int from, to;
};

using TestEvent = Event<char, int>;

std::vector<TestEvent> history_of(const std::vector<Timed>& timed) {
  std::vector<TestEvent> history;
  for (const Timed& t : timed) {
    TestEvent event{t.thread, t.operation, t.result, 0, {}};
    for (const Timed& other : timed) {
      event.before.resize(std::max<std::size_t>(event.before.size(), other.thread + 1));
      const bool precedes = other.thread == t.thread ? other.from < t.from : other.to < t.from;
      event.before[other.thread] += precedes;
    }
    event.index = event.before[t.thread];
    history.push_back(event);
  }
  return history;
}

struct Register {
  int value = 0;
  bool apply(char operation, int result) {
    if (operation == 'w') value = result;
    return operation == 'w' || value == result;
  }
  std::size_t hash() const { return static_cast<std::size_t>(value); }
  static std::string describe(char operation, int result) { return operation + std::to_string(result); }
  static bool only_reads(char operation, int) { return operation == 'r'; }
  bool operator==(const Register&) const = default;
};

struct Queue {  // d answers 0 when it is empty
  std::deque<int> values;
  bool apply(char operation, int result) {
    if (operation == 'e') return values.push_back(result), true;
    if (values.empty()) return result == 0;
    const int front = values.front();
    values.pop_front();
    return front == result;
  }
  std::size_t hash() const { return std::accumulate(values.begin(), values.end(), std::size_t{7}); }
  bool operator==(const Queue&) const = default;
};

template <class Model>
LinearizabilityVerdict verdict_of(const std::vector<Timed>& timed) {
  return check_linearizable(history_of(timed), Model{}).verdict;
}

using enum LinearizabilityVerdict;

// The definition itself: some permutation that keeps `before` and that the model accepts.
bool some_permutation_explains(const std::vector<TestEvent>& history) {
  std::vector<std::size_t> order(history.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    Register model;
    std::vector<std::uint32_t> done(4);
    const bool explained = std::ranges::all_of(order, [&](std::size_t position) {
      const TestEvent& e = history[position];
      for (std::size_t u = 0; u < e.before.size(); ++u) {
        if (done[u] < e.before[u]) return false;
      }
      if (done[e.thread]++ != e.index) return false;
      return model.apply(e.operation, e.result);
    });
    if (explained) return true;
  } while (std::ranges::next_permutation(order).found);
  return false;
}

}  // namespace

TEST_CASE("linearizability: a register that answers what was written last, or is being written") {
  CHECK(verdict_of<Register>({}) == Linearizable);
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 1}, {1, 'r', 1, 2, 3}}) == Linearizable);
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 5}, {1, 'r', 0, 1, 2}, {1, 'r', 1, 3, 4}}) == Linearizable);
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 9}, {1, 'w', 2, 0, 9}, {2, 'r', 2, 1, 2}, {2, 'r', 1, 3, 4}}) ==
        Linearizable);
}

TEST_CASE("linearizability: a stale read, and the new value before the old, are found") {
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 1}, {1, 'r', 0, 2, 3}}) == NotLinearizable);
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 9}, {1, 'r', 1, 1, 2}, {2, 'r', 0, 3, 4}}) == NotLinearizable);
  CHECK(verdict_of<Register>({{0, 'w', 1, 0, 1}, {1, 'r', 7, 0, 1}}) == NotLinearizable);
}

TEST_CASE("linearizability: two readers that saw two writes in different orders are found") {
  const std::vector<Timed> timed = {{0, 'w', 1, 0, 9}, {1, 'w', 2, 0, 9}, {2, 'r', 1, 1, 2},
                                    {2, 'r', 2, 3, 4}, {3, 'r', 2, 1, 2}, {3, 'r', 1, 3, 4}};
  CHECK(verdict_of<Register>(timed) == NotLinearizable);
}

TEST_CASE("linearizability: queues") {
  CHECK(verdict_of<Queue>({{0, 'e', 1, 0, 4}, {1, 'e', 2, 0, 4}, {0, 'd', 2, 5, 6}, {1, 'd', 1, 7, 8}}) ==
        Linearizable);
  // The dequeues overlap, so the one that got the second may have been second.
  CHECK(verdict_of<Queue>({{0, 'e', 1, 0, 1}, {0, 'e', 2, 2, 3}, {0, 'd', 2, 4, 9}, {1, 'd', 1, 5, 8}}) ==
        Linearizable);
  CHECK(verdict_of<Queue>({{0, 'e', 1, 0, 1}, {0, 'e', 2, 2, 3}, {0, 'd', 2, 4, 5}, {1, 'd', 1, 6, 8}}) ==
        NotLinearizable);
  CHECK(verdict_of<Queue>({{0, 'e', 1, 0, 1}, {0, 'd', 1, 2, 9}, {1, 'd', 1, 3, 8}}) == NotLinearizable);
  CHECK(verdict_of<Queue>({{0, 'e', 1, 0, 1}, {1, 'd', 0, 2, 3}}) == NotLinearizable);
}

TEST_CASE("linearizability: an operation of two steps lets others come between them") {
  // T0 swaps by writing 1, then 2; T1 sees 1, which is allowed only between the two.
  std::vector<TestEvent> history = {{0, 'w', 1, 0, {0, 0}}, {0, 'w', 2, 1, {1, 0}}, {1, 'r', 1, 0, {0, 0}}};
  CHECK(check_linearizable(history, Register{}).verdict == Linearizable);
  history[2].before = {2, 0};
  CHECK(check_linearizable(history, Register{}).verdict == NotLinearizable);
}

TEST_CASE("linearizability: the order is a witness, the report shows how far it went and where it stopped") {
  const auto good =
      check_linearizable(history_of({{0, 'w', 1, 0, 5}, {1, 'r', 0, 1, 2}, {1, 'r', 1, 3, 4}}), Register{});
  CHECK(good.order == std::vector<std::size_t>{1, 0, 2});
  CHECK(good.report.empty());
  const auto bad = check_linearizable(history_of({{0, 'w', 1, 0, 1}, {1, 'r', 0, 2, 3}}), Register{});
  CHECK(bad.order == std::vector<std::size_t>{0});
  CHECK(bad.report.find("  T0 #0 w1  (after 0 0)\nthen") != std::string::npos);
  CHECK(bad.report.find("  T1 #0 r0  (after 1 0)\n") != std::string::npos);
}

TEST_CASE("linearizability: gives up at the limit, and memory keeps equal writes cheap") {
  std::vector<TestEvent> history;
  for (unsigned thread = 0; thread < 4; ++thread) {
    for (std::uint32_t i = 0; i < 6; ++i) history.push_back({thread, 'w', 1, i, {}});
  }
  history.push_back({0, 'r', 2, 6, {6, 6, 6, 6}});
  const auto all = check_linearizable(history, Register{});
  CHECK(all.verdict == NotLinearizable);
  CHECK(all.configurations <= 2 * 7 * 7 * 7 * 8);  // of more than 10^12 orders
  const auto some = check_linearizable(history, Register{}, 100);
  CHECK(some.verdict == GaveUp);
  CHECK(some.configurations <= 101);
}

TEST_CASE("linearizability: random histories of a register, against every permutation") {
  INFO("seed ", test_seed());
  std::mt19937_64 random(test_seed());
  int yes = 0, no = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<Timed> timed;
    int clock[3] = {};
    for (int i = 0; i < 6; ++i) {
      const unsigned thread = static_cast<unsigned>(random() % 3);
      const int from = clock[thread] + 1 + static_cast<int>(random() % 3);
      const int to = clock[thread] = from + 1 + static_cast<int>(random() % 6);
      timed.push_back({thread, random() % 2 ? 'w' : 'r', static_cast<int>(random() % 3), from, to});
    }
    const auto history = history_of(timed);
    const bool explained = some_permutation_explains(history);
    const auto found = check_linearizable(history, Register{});
    CHECK(found.verdict == (explained ? Linearizable : NotLinearizable));
    ++(explained ? yes : no);
  }
  CHECK(yes > 100);
  CHECK(no > 100);
}
