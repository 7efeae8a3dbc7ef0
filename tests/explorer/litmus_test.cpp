// The classical litmus tests: the exact set of ends that each mode of the explorer must find.
#include "explorer/litmus.hpp"

using namespace shunt::testing;

namespace {

std::vector<Body> store_buffering(std::memory_order stores, std::memory_order loads, void (*between)()) {
  return {[=](Litmus& s) {
            s.x.store(1, stores);
            between();
            s.r[0] = std::uint64_t(s.y.load(loads));
          },
          [=](Litmus& s) {
            s.y.store(1, stores);
            between();
            s.r[1] = std::uint64_t(s.x.load(loads));
          }};
}
void nothing() {}

std::vector<Body> message_passing(std::memory_order store, std::memory_order load) {
  return {[=](Litmus& s) {
            s.x.store(1, relaxed);
            s.y.store(1, store);
          },
          [=](Litmus& s) {
            s.r[0] = std::uint64_t(s.y.load(load));
            s.r[1] = std::uint64_t(s.x.load(relaxed));
          }};
}

}  // namespace

TEST_CASE("store buffering: both may miss the other's store, unless all is seq_cst") {
  const auto weak = run_litmus(store_buffering(release, acquire, nothing), 2);
  CHECK(text_of(weak.interleaved) == all_but(2, {{0, 0}}));
  CHECK(text_of(weak.weak) == all_but(2, {}));
  const auto strong = run_litmus(store_buffering(seq_cst, seq_cst, nothing), 2);
  CHECK(text_of(strong.weak) == all_but(2, {{0, 0}}));
}

TEST_CASE("store buffering: fences forbid it when both are seq_cst") {
  const auto full = run_litmus(store_buffering(relaxed, relaxed, [] { SimulatedFences::full(); }), 2);
  CHECK(text_of(full.weak) == all_but(2, {{0, 0}}));
  const auto half = run_litmus(store_buffering(relaxed, relaxed, [] { simulated_fence(acq_rel); }), 2);
  CHECK(text_of(half.weak) == all_but(2, {}));
}

TEST_CASE("message passing: data behind a flag is seen with release and acquire, and only with both") {
  CHECK(text_of(run_litmus(message_passing(release, acquire), 2).weak) == all_but(2, {{1, 0}}));
  CHECK(text_of(run_litmus(message_passing(relaxed, acquire), 2).weak) == all_but(2, {}));
  CHECK(text_of(run_litmus(message_passing(release, relaxed), 2).weak) == all_but(2, {}));
  CHECK(text_of(run_litmus(message_passing(relaxed, relaxed), 2).interleaved) == all_but(2, {{1, 0}}));
}

TEST_CASE("message passing through fences instead of orders") {
  const std::vector<Body> threads = {[](Litmus& s) {
                                       s.x.store(1, relaxed);
                                       simulated_fence(release);
                                       s.y.store(1, relaxed);
                                     },
                                     [](Litmus& s) {
                                       s.r[0] = std::uint64_t(s.y.load(relaxed));
                                       simulated_fence(acquire);
                                       s.r[1] = std::uint64_t(s.x.load(relaxed));
                                     }};
  CHECK(text_of(run_litmus(threads, 2).weak) == all_but(2, {{1, 0}}));
}

TEST_CASE("a read-modify-write of whatever order continues a release sequence; a plain store does not") {
  const Body writer = [](Litmus& s) {
    s.x.store(1, relaxed);
    s.y.store(1, release);
  };
  const Body reader = [](Litmus& s) {
    s.r[0] = std::uint64_t(s.y.load(acquire));
    s.r[1] = std::uint64_t(s.x.load(relaxed));
  };
  const Body adder = [](Litmus& s) { s.y.fetch_add(1, relaxed); };
  const auto sequence = run_litmus({writer, adder, reader}, 2);
  // 1 may be the adder's alone, which releases nothing; 2 is always the adder's after the writer's.
  CHECK_FALSE(sequence.weak.contains({2, 0}));
  CHECK(sequence.weak.contains({2, 1}));
  CHECK(sequence.weak.contains({1, 0}));
  const Body overwriter = [](Litmus& s) {
    s.x.store(1, relaxed);
    s.y.store(1, release);
    s.y.store(2, relaxed);
  };
  const auto overwritten = run_litmus({overwriter, reader}, 2);
  CHECK(overwritten.weak.contains({2, 0}));
  CHECK_FALSE(overwritten.weak.contains({1, 0}));
}

TEST_CASE("load buffering is not covered: no thread reads what is stored only later") {
  const std::vector<Body> threads = {[](Litmus& s) {
                                       s.r[0] = std::uint64_t(s.x.load(relaxed));
                                       s.y.store(1, relaxed);
                                     },
                                     [](Litmus& s) {
                                       s.r[1] = std::uint64_t(s.y.load(relaxed));
                                       s.x.store(1, relaxed);
                                     }};
  CHECK(text_of(run_litmus(threads, 2).weak) == all_but(2, {{1, 1}}));
}

TEST_CASE("coherence: one thread does not read a location backwards") {
  const std::vector<Body> threads = {[](Litmus& s) { s.x.store(1, relaxed); },
                                     [](Litmus& s) {
                                       s.r[0] = std::uint64_t(s.x.load(relaxed));
                                       s.r[1] = std::uint64_t(s.x.load(relaxed));
                                     }};
  CHECK(text_of(run_litmus(threads, 2).weak) == all_but(2, {{1, 0}}));
}

TEST_CASE("coherence: all threads agree on the order of the stores to one location") {
  const Body one = [](Litmus& s) { s.x.store(1, relaxed); };
  const Body two = [](Litmus& s) { s.x.store(2, relaxed); };
  const auto reader = [](unsigned at) {
    return [at](Litmus& s) {
      s.r[at] = std::uint64_t(s.x.load(relaxed));
      s.r[at + 1] = std::uint64_t(s.x.load(relaxed));
    };
  };
  const auto result = run_litmus({one, two, reader(0), reader(2)}, 4);
  CHECK(result.weak.contains({1, 2, 1, 2}));
  CHECK_FALSE(result.weak.contains({1, 2, 2, 1}));
  CHECK_FALSE(result.weak.contains({2, 1, 1, 2}));
}

TEST_CASE("coherence: a thread's own stores keep their order, and it reads no older than it wrote") {
  const auto own = run_litmus({[](Litmus& s) {
                                s.x.store(1, relaxed);
                                s.x.store(2, relaxed);
                                s.r[0] = std::uint64_t(s.x.load(relaxed));
                              }},
                              1, true);
  CHECK(text_of(own.weak) == "{2,2,0,0}");
}

TEST_CASE("independent reads of independent writes: two readers may disagree, unless all is seq_cst") {
  const auto program = [](std::memory_order store, std::memory_order load) {
    return std::vector<Body>{[=](Litmus& s) { s.x.store(1, store); }, [=](Litmus& s) { s.y.store(1, store); },
                             [=](Litmus& s) {
                               s.r[0] = std::uint64_t(s.x.load(load));
                               s.r[1] = std::uint64_t(s.y.load(load));
                             },
                             [=](Litmus& s) {
                               s.r[2] = std::uint64_t(s.y.load(load));
                               s.r[3] = std::uint64_t(s.x.load(load));
                             }};
  };
  const auto weak = run_litmus(program(release, acquire), 4);
  CHECK(text_of(weak.weak) == all_but(4, {}));
  CHECK(text_of(weak.interleaved) == all_but(4, {{1, 0, 1, 0}}));
  CHECK(text_of(run_litmus(program(seq_cst, seq_cst), 4).weak) == all_but(4, {{1, 0, 1, 0}}));
}

TEST_CASE("2+2W: relaxed stores to two locations may end in either order of each") {
  const auto program = [](std::memory_order order) {
    return std::vector<Body>{[=](Litmus& s) {
                               s.x.store(1, order);
                               s.y.store(2, order);
                             },
                             [=](Litmus& s) {
                               s.y.store(1, order);
                               s.x.store(2, order);
                             }};
  };
  const auto weak = run_litmus(program(release), 0, true);
  CHECK(text_of(weak.weak) == "{1,1,0}, {1,2,0}, {2,1,0}, {2,2,0}");
  CHECK(text_of(weak.interleaved) == "{1,2,0}, {2,1,0}, {2,2,0}");
  CHECK(text_of(run_litmus(program(seq_cst), 0, true).weak) == "{1,2,0}, {2,1,0}, {2,2,0}");
}

TEST_CASE("write-to-read causality: what is handed on is handed on with what came before it") {
  const auto program = [](std::memory_order store, std::memory_order load) {
    return std::vector<Body>{[=](Litmus& s) { s.x.store(1, relaxed); },
                             [=](Litmus& s) {
                               s.r[0] = std::uint64_t(s.x.load(relaxed));
                               s.y.store(1, store);
                             },
                             [=](Litmus& s) {
                               s.r[1] = std::uint64_t(s.y.load(load));
                               s.r[2] = std::uint64_t(s.x.load(relaxed));
                             }};
  };
  CHECK(text_of(run_litmus(program(release, acquire), 3).weak) == all_but(3, {{1, 1, 0}}));
  CHECK(text_of(run_litmus(program(relaxed, acquire), 3).weak) == all_but(3, {}));
}

TEST_CASE("store buffering with a heavy fence on one side and none on the other") {
  const auto program = [](bool fences) {
    return std::vector<Body>{[=](Litmus& s) {
                               s.x.store(1, relaxed);
                               if (fences) SimulatedFences::light();
                               s.r[0] = std::uint64_t(s.y.load(relaxed));
                             },
                             [=](Litmus& s) {
                               s.y.store(1, relaxed);
                               if (fences) SimulatedFences::heavy();
                               s.r[1] = std::uint64_t(s.x.load(relaxed));
                             }};
  };
  CHECK(text_of(run_litmus(program(true), 2).weak) == all_but(2, {{0, 0}}));
  CHECK(text_of(run_litmus(program(false), 2).weak) == all_but(2, {}));
}

TEST_CASE("a seq_cst fence on one side only is not enough") {
  const auto half = run_litmus({[](Litmus& s) {
                                  s.x.store(1, relaxed);
                                  s.r[0] = std::uint64_t(s.y.load(relaxed));
                                },
                                [](Litmus& s) {
                                  s.y.store(1, relaxed);
                                  SimulatedFences::full();
                                  s.r[1] = std::uint64_t(s.x.load(relaxed));
                                }},
                               2);
  CHECK(text_of(half.weak) == all_but(2, {}));
}

TEST_CASE("read-modify-writes read the last message and nothing comes between") {
  const Body adder = [](Litmus& s) { s.x.fetch_add(1, relaxed); };
  CHECK(text_of(run_litmus({adder, adder, adder}, 0, true).weak) == "{3,0,0}");
  // Of two exchanges one reads the other's value, or the start; never both the start.
  const auto exchanges = run_litmus({[](Litmus& s) { s.r[0] = std::uint64_t(s.x.exchange(1, relaxed)); },
                                     [](Litmus& s) { s.r[1] = std::uint64_t(s.x.exchange(2, relaxed)); }},
                                    2);
  CHECK(text_of(exchanges.weak) == "{0,1}, {2,0}");
}

TEST_CASE("a strong compare that meets what it expects succeeds; a refused one is a load and may be stale") {
  const auto claim = [](unsigned at) {
    return [at](Litmus& s) {
      int expected = 0;
      s.r[at] = s.x.compare_exchange_strong(expected, int(at) + 1, relaxed, relaxed);
    };
  };
  CHECK(text_of(run_litmus({claim(0), claim(1)}, 2).weak) == "{0,1}, {1,0}");
  const auto stale = run_litmus({[](Litmus& s) {
                                   s.x.store(1, relaxed);
                                   s.x.store(2, relaxed);
                                   s.y.store(1, relaxed);
                                 },
                                 [](Litmus& s) {
                                   s.r[0] = std::uint64_t(s.y.load(relaxed));
                                   int expected = 7;
                                   s.x.compare_exchange_strong(expected, 9, relaxed, relaxed);
                                   s.r[1] = std::uint64_t(expected);
                                 }},
                                2);
  CHECK(text_of(stale.weak) == "{0,0}, {0,1}, {0,2}, {1,0}, {1,1}, {1,2}");
  CHECK(text_of(stale.interleaved) == "{0,0}, {0,1}, {0,2}, {1,2}");
}

TEST_CASE("a weak compare may fail for nothing, as often as the options say") {
  const std::vector<Body> thread = {[](Litmus& s) {
    for (int expected = 0; !s.x.compare_exchange_weak(expected, 1, relaxed, relaxed); ++s.r[0]) {
      require(expected == 0, "a spurious failure leaves what was expected");
    }
  }};
  for (unsigned failures = 0; failures < 3; ++failures) {
    Options options;
    options.spurious_failures = failures;
    const Outcomes outcomes = litmus_outcomes(thread, 1, options);
    CHECK(outcomes.size() == failures + 1);
  }
}
