// stress: transitions, pins and look-ups by many threads: one wins each step, a pin keeps a region from being
// selected, a head that is seen has its tails, and what was found out about one life of a region is never
// applied to the next.
#include <atomic>

#include "stress/stamped_table.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

// A Live object of `count` regions; 0 is one Small region.
template <class Table>
RegionIndex live_object(Table& table, std::uint32_t count) {
  const RegionIndex head = count == 0 ? table.claim(RegionKind::Small) : table.claim_contiguous(count);
  for (std::uint32_t k = count == 0 ? 1 : count; k-- > 0;) table.transition(head + k, Allocating, Live);
  return head;
}

// One object that some threads pin, through whichever of its regions, and others put into plans and drop
// again.
class PinnedObject {
 public:
  explicit PinnedObject(std::uint32_t count)
      : span_(count == 0 ? 1 : count), stamped_(span_), head_(live_object(stamped_.table, count)) {}

  void pin_and_unpin(Worker& worker) {
    auto& table = stamped_.table;
    const RegionIndex inside = head_ + worker.below(span_);
    if (table.pin(inside) != PinOutcome::Done) return;
    ++pins;
    for (int look = 0; look < 3; ++look) {
      stamped_.expect(table.word(head_).is(Live), "selected though pinned", head_, worker);
      worker.breathe();
    }
    stamped_.expect(table.unpin(inside) == PinOutcome::Done, "a pin got lost", inside, worker);
  }
  void plan_and_drop(Worker& worker) {
    auto& table = stamped_.table;
    if (!table.transition(head_, Live, Selected, 7)) return;
    ++plans;
    for (std::uint32_t k = 1; k < span_; ++k) {
      stamped_.expect(bool{table.transition(head_ + k, Live, Selected, 7)}, "a tail was pinned", head_ + k,
                      worker);
    }
    stamped_.expect(table.word(head_).pins() == 0, "pinned though selected", head_, worker);
    worker.breathe();
    for (std::uint32_t k = span_; k-- > 0;) {
      const std::uint32_t shape = span_ == 1 ? 0 : k == 0 ? span_ : k;
      stamped_.expect(bool{table.transition(head_ + k, Selected, Live, shape)}, "an own plan was changed",
                      head_ + k, worker);
    }
  }
  void expect_unpinned() {
    Worker last{0, {}};
    for (std::uint32_t k = 0; k < span_; ++k) {
      const RegionWord w = stamped_.table.word(head_ + k);
      stamped_.expect(w.is(Live) && w.pins() == 0, "left pinned or planned", head_ + k, last);
    }
    CHECK(stamped_.findings.text() == "");
  }

  std::atomic<std::uint64_t> pins = 0, plans = 0;

 private:
  std::uint32_t span_;
  StampedTable<YieldingAtomic> stamped_;
  RegionIndex head_;
};

void pins_against_plans(unsigned threads, std::uint32_t count) {
  CAPTURE(threads);
  CAPTURE(count);
  PinnedObject object(count);
  const unsigned steps = steps_each(20'000, threads);
  run_workers(threads, count, [&](Worker& worker) {
    for (unsigned step = 0; step < steps; ++step) {
      worker.self % 2 == 0 ? object.pin_and_unpin(worker) : object.plan_and_drop(worker);
    }
  });
  object.expect_unpinned();
  record_count("pins", object.pins.load());
  record_count("plans", object.plans.load());
  record_count("operations", std::uint64_t{threads} * steps);
}

// Claims runs and gives them back, for others to look at.
void churn_runs(StampedTable<YieldingAtomic>& stamped, Worker& worker, unsigned steps) {
  for (unsigned step = 0; step < steps; ++step) {
    const std::uint32_t count = 1 + worker.below(stamped.table.size() / 2);
    const RegionIndex head = stamped.table.claim_contiguous(count);
    if (head == RegionIndex::none) continue;
    stamped.took(worker, head, count, RegionKind::LargeHead);
    worker.breathe();
    stamped.give_back(worker, head, count);
  }
}

// Between two looks at the same head, its tails must have been there.
void look_at_tails(StampedTable<YieldingAtomic>& stamped, Worker& worker, std::atomic<std::uint64_t>& heads) {
  auto& table = stamped.table;
  const RegionIndex r{worker.below(table.size())};
  const RegionWord before = table.lookup(stamped.geometry().start_of(r) + worker.below(1 << 21));
  if (before.is(Free) || before.kind() != RegionKind::LargeHead) return;
  if (!before.is(Allocating) && !before.is(Live)) return;  // later the payload is no longer the shape
  RegionWord tails[32];
  for (std::uint32_t k = 1; k < before.payload(); ++k) tails[k] = table.word(r + k);
  if (table.word(r) != before) return;
  ++heads;
  for (std::uint32_t k = 1; k < before.payload(); ++k) {
    stamped.expect(!tails[k].is(Free) && tails[k].kind() == RegionKind::LargeTail, "a head without its tail",
                   r + k, worker);
    stamped.expect(tails[k].payload() == k, "a tail of another head", r + k, worker);
  }
}

// Somebody else's Live region, ended by whoever still finds the life that he saw.
void end_the_life_seen(StampedTable<YieldingAtomic>& stamped, Worker& worker,
                       std::vector<std::uint16_t>& generations, std::atomic<std::uint64_t>& late) {
  auto& table = stamped.table;
  const RegionIndex r{worker.below(table.size())};
  const RegionWord seen = table.word(r);
  if (!seen.is(Live)) return;
  worker.breathe();
  const RegionState to = worker.once_in(2) ? Selected : Quarantined;  // by a plan, or the short way
  if (!table.transition(r, seen, to)) {
    ++late;
    return;
  }
  stamped.expect(generations[value(r)] == seen.generation(), "another life was ended", r, worker);
  if (to == Selected) {
    stamped.expect(bool{table.transition(r, Selected, Forwarding)}, "not forwarded", r, worker);
    stamped.expect(bool{table.transition(r, table.word(r), Quarantined)}, "not quarantined", r, worker);
  }
  generations[value(r)] = 0xFFFF;  // plain: this thread has the region alone
  stamped.expect(bool{table.release(r)}, "an own release was refused", r, worker);
}

}  // namespace

TEST_CASE("stress: of racing transitions one is done, and the others learn a state that the region was in") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    CAPTURE(threads);
    for (unsigned round = 0; round < steps_each(600, threads) / 2; ++round) {
      StampedTable<YieldingAtomic> stamped(1);
      const RegionIndex r = live_object(stamped.table, 0);
      std::atomic<int> done = 0, wrong = 0;
      run_workers(threads, round, [&](Worker& worker) {
        const TransitionResult result = stamped.table.transition(r, Live, Selected, worker.self);
        if (result) ++done;
        if (!result && (result.outcome != TransitionOutcome::Changed || result.found != Selected)) ++wrong;
      });
      CHECK(done.load() == 1);
      CHECK(wrong.load() == 0);
      record_count("operations", threads);
    }
  }
}

TEST_CASE("stress: a pin and a plan of one region never both hold") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) pins_against_plans(threads, 0);
}

TEST_CASE("stress: a pin through any region of a large object keeps all of it out of plans") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) pins_against_plans(threads, 3);
}

TEST_CASE("stress: a head that is seen has all its tails") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    for (const std::uint32_t regions : {4u, 8u, 60u}) {
      CAPTURE(threads);
      CAPTURE(regions);
      StampedTable<YieldingAtomic> stamped(regions);
      std::atomic<std::uint64_t> heads = 0;
      const unsigned steps = steps_each(10'000, threads);
      run_workers(threads, regions, [&](Worker& worker) {
        if (worker.self % 2 == 0) return churn_runs(stamped, worker, steps);
        for (unsigned step = 0; step < steps; ++step) look_at_tails(stamped, worker, heads);
      });
      stamped.expect_all_free();
      CHECK(stamped.findings.text() == "");
      record_count("operations", std::uint64_t{threads} * steps);
      record_count("heads seen", heads.load());
    }
  }
}

TEST_CASE("stress: a change asked for with the word of one life is not done to the next") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    CAPTURE(threads);
    StampedTable<YieldingAtomic> stamped(3);
    std::vector<std::uint16_t> generations(3, 0xFFFF);
    std::atomic<std::uint64_t> late = 0;
    const unsigned steps = steps_each(20'000, threads);
    run_workers(threads, 1, [&](Worker& worker) {
      for (unsigned step = 0; step < steps; ++step) {
        end_the_life_seen(stamped, worker, generations, late);
        const RegionIndex r = stamped.table.claim(RegionKind::Small);
        if (r == RegionIndex::none) continue;
        stamped.expect(generations[value(r)] == 0xFFFF, "claimed while it lived", r, worker);
        generations[value(r)] = stamped.table.word(r).generation();
        stamped.table.transition(r, Allocating, Live);
      }
    });
    CHECK(stamped.findings.text() == "");
    record_count("operations", std::uint64_t{threads} * steps);
    record_count("late changes refused", late.load());
  }
}
