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
