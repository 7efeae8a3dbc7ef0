// stress: claims of one, of many and of a place, with releases between them, by 2 to 64 threads on tables of
// 2 to 1000 regions. Nobody owns a region twice, generations grow, nothing stays half claimed or is lost, and
// once the threads have ended every claim that can be met is met.
#include "region/claim_hint.hpp"
#include "stress/stamped_table.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

constexpr std::uint32_t table_sizes[] = {2, 3, 5, 8, 64, 1000};

template <template <class> class Atomic>
class Churn {
 public:
  Churn(StampedTable<Atomic>& stamped, Worker& worker)
      : stamped_(stamped), worker_(worker), hint_(worker.self) {}

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps; ++step) {
      worker_.breathe();
      if (worker_.once_in(2) && !mine_.empty()) {
        release(worker_.below(mine_.size()));
      } else {
        claim();
      }
    }
    while (!mine_.empty()) release(mine_.size() - 1);
  }

 private:
  struct Owned {
    RegionIndex head;
    std::uint32_t count;
  };

  void claim() {
    auto& table = stamped_.table;
    const std::uint32_t most = table.size() < 24 ? table.size() : 24;
    const std::uint32_t count = 1 + worker_.below(most);
    const auto kind = worker_.once_in(2) ? RegionKind::Small : RegionKind::Medium;
    switch (worker_.below(4)) {
      case 0:
        return keep(table.claim(kind), 0, kind);
      case 1:
        return keep(table.claim(kind, hint_), 0, kind);
      case 2:
        return keep(table.claim_contiguous(count), count, kind);
      default: {
        const RegionIndex place{worker_.below(table.size())};
        return keep(table.claim_at(place, count) ? place : RegionIndex::none, count, kind);
      }
    }
  }
  // `count` 0: a single region.
  void keep(RegionIndex head, std::uint32_t count, RegionKind kind) {
    if (head == RegionIndex::none) return;
    stamped_.took(worker_, head, count, kind);
    mine_.push_back({head, count == 0 ? 1 : count});
  }
  void release(std::size_t which) {
    const Owned owned = mine_[which];
    mine_[which] = mine_.back();
    mine_.pop_back();
    stamped_.give_back(worker_, owned.head, owned.count);
  }

  StampedTable<Atomic>& stamped_;
  Worker& worker_;
  ClaimHint hint_;
  std::vector<Owned> mine_;
};

template <template <class> class Atomic>
void churn(unsigned threads, std::uint32_t regions, unsigned steps) {
  CAPTURE(threads);
  CAPTURE(regions);
  StampedTable<Atomic> stamped(regions);
  run_workers(threads, regions, [&](Worker& worker) { Churn<Atomic>(stamped, worker).run(steps); });
  stamped.expect_all_free();
  CHECK(stamped.findings.text() == "");
  record_count("operations", std::uint64_t{threads} * steps);
}

}  // namespace

TEST_CASE("stress: claims and releases on tables of every size, undisturbed") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    for (const std::uint32_t regions : table_sizes) {
      churn<std::atomic>(threads, regions, steps_each(100'000, threads));
    }
  }
}

TEST_CASE("stress: claims and releases on tables of every size, interrupted between any two steps") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    for (const std::uint32_t regions : table_sizes) {
      churn<YieldingAtomic>(threads, regions, steps_each(25'000, threads));
    }
  }
}

TEST_CASE("stress: claims that share the table out leave nothing and take nothing twice") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    CAPTURE(threads);
    constexpr std::uint32_t regions = 2000;
    StampedTable<YieldingAtomic> stamped(regions);
    run_workers(threads, 1, [&](Worker& worker) {
      ClaimHint hint(worker.self);
      for (RegionIndex r; (r = stamped.table.claim(RegionKind::Small, hint)) != RegionIndex::none;) {
        stamped.took(worker, r, 0, RegionKind::Small);
      }
    });
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < regions; ++i)
      left += stamped.table.word(RegionIndex{i}).is(RegionState::Free);
    CHECK(left == 0);
    CHECK(stamped.findings.text() == "");
    record_count("operations", regions);
  }
}

TEST_CASE("stress: of many that want all regions as one, exactly one gets them") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    CAPTURE(threads);
    for (unsigned round = 0; round < steps_each(1000, threads) / 2; ++round) {
      StampedTable<YieldingAtomic> stamped(round % 2 ? 2 : 16);
      std::atomic<int> winners = 0;
      run_workers(threads, round, [&](Worker&) {
        winners += stamped.table.claim_contiguous(stamped.table.size()) != RegionIndex::none;
      });
      // Overlapping claims defeat each other only by one of them winning.
      CHECK(winners.load() == 1);
      record_count("operations", threads);
    }
  }
}
