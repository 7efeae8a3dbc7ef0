// region: the table under several threads: nothing handed out twice, nothing half claimed, nothing lost.
#include <random>
#include <thread>

#include "region/region_fixture.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

constexpr unsigned thread_count = 6;

template <class Body>
void in_threads(Body body) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < thread_count; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

// One thread's random claims and releases; `owners` finds a region handed out twice.
struct Churn {
  RegionSpace& space;
  std::vector<std::atomic<std::uint32_t>>& owners;
  std::atomic<int>& broken;
  std::mt19937_64 random;
  std::vector<RegionIndex> mine;

  void claim(std::uint32_t count, std::uint32_t self) {
    const auto claimed = count == 1 ? space.claim(RegionKind::Small) : space.claim_contiguous(count);
    if (!claimed) return;
    for (std::uint32_t k = 0; k < count; ++k) {
      const RegionIndex r = claimed.value() + k;
      if (owners[value(r)].exchange(self) != 0) ++broken;
      if (!space.word(r).is(Allocating)) ++broken;
      if (count > 1 && space.table().head_of(r) != claimed.value()) ++broken;
    }
    if (!space.retire(claimed.value())) ++broken;
    mine.push_back(claimed.value());
  }
  void release(std::size_t which, std::uint32_t self) {
    const RegionIndex r = mine[which];
    mine[which] = mine.back();
    mine.pop_back();
    const std::uint32_t span = space.region_span(r);
    if (!space.quarantine_if_empty(r)) ++broken;
    for (std::uint32_t k = 0; k < span; ++k) {
      if (owners[value(r) + k].exchange(0) != self) ++broken;
    }
    if (!space.release(r)) ++broken;
  }
};

}  // namespace

TEST_CASE("threads that claim single regions get each exactly once, and all of them") {
  constexpr std::uint32_t count = 20000;
  TestTable test(count);
  std::vector<std::atomic<int>> times(count);
  in_threads([&](unsigned) {
    for (RegionIndex r; (r = test.table.claim(RegionKind::Small)) != RegionIndex::none;) ++times[value(r)];
  });
  std::uint32_t wrong = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    wrong += times[i] != 1 || !test.table.word(RegionIndex{i}).is(Allocating);
  CHECK(wrong == 0);
  CHECK(test.table.high_water() == count);
}

TEST_CASE("claims of one and of many, with releases between, never overlap and leave nothing behind") {
  INFO("seed ", test_seed());
  RegionSpace space = open_space(fake_geometry(64));
  std::vector<std::atomic<std::uint32_t>> owners(64);
  std::atomic<int> broken = 0;
  in_threads([&](unsigned t) {
    Churn churn{space, owners, broken, std::mt19937_64(test_seed() + t), {}};
    for (int step = 0; step < 20000; ++step) {
      const auto choice = churn.random();
      if (choice % 2 == 0)
        churn.claim(choice % 8 < 4 ? 1 : 2 + static_cast<std::uint32_t>(choice >> 8) % 12, t + 1);
      if (choice % 2 == 1 && !churn.mine.empty()) churn.release((choice >> 8) % churn.mine.size(), t + 1);
    }
    while (!churn.mine.empty()) churn.release(0, t + 1);
  });
  CHECK(broken.load() == 0);
  CHECK(space.statistics().in(Free) == 64);
  CHECK(space.claim_contiguous(64).ok());
}

TEST_CASE(
    "when all regions are wanted as one by many, one gets them and the rest leave nothing half claimed") {
  for (int round = 0; round < 300; ++round) {
    TestTable test(16);
    std::atomic<int> winners = 0;
    in_threads([&](unsigned) { winners += test.table.claim_contiguous(16) != RegionIndex::none; });
    // Overlapping claims may defeat each other only by one of them winning.
    CHECK(winners.load() == 1);
  }
}

TEST_CASE("of racing transitions of one region one is done, and the others learn its state") {
  TestTable test(1);
  for (int round = 0; round < 300; ++round) {
    const RegionIndex r = test.bring_to(Live);
    std::atomic<int> done = 0, wrong = 0;
    in_threads([&](unsigned t) {
      const auto result = test.table.transition(r, Live, Selected, t);
      if (result) ++done;
      if (!result && (result.outcome != TransitionOutcome::Changed || result.found != Selected)) ++wrong;
    });
    CHECK(done.load() == 1);
    CHECK(wrong.load() == 0);
    for (RegionState s : {Selected, Forwarding, Quarantined}) test.table.transition(r, s, TestTable::next(s));
  }
}

TEST_CASE("a pin and a selection of one region never both hold") {
  TestTable test(1);
  const RegionIndex r = test.bring_to(Live);
  std::atomic<int> both = 0;
  std::atomic<int> pinned_now = 0;
  in_threads([&](unsigned t) {
    for (int step = 0; step < 5000; ++step) {
      if (t % 2 == 0) {
        if (test.table.pin(r) != PinOutcome::Done) continue;
        ++pinned_now;
        if (test.table.word(r).is(Selected)) ++both;
        --pinned_now;
        test.table.unpin(r);
      } else if (test.table.transition(r, Live, Selected)) {
        if (pinned_now != 0) ++both;
        test.table.transition(r, Selected, Live);
      }
    }
  });
  CHECK(both.load() == 0);
  CHECK(test.table.word(r) == RegionWord{}.with(Live));
}
