// free spans: the index's own shape, claims from it, corrections where the table says otherwise, and the
// region space's claims against a model.
#include "region/free_spans.hpp"

#include <random>
#include <thread>

#include "region/region_fixture.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

FreeSpans open_index(std::uint32_t count) { return FreeSpans::open(os::SystemCalls::real(), count).take(); }

constexpr std::uint32_t none = 0xFFFF'FFFF;

// The lowest run of `count` Free regions.
std::uint32_t run_in(const RegionSpace& space, std::uint32_t count) {
  std::uint32_t run = 0;
  for (std::uint32_t i = 0; i < space.table().size(); ++i) {
    run = space.word(RegionIndex{i}).is(Free) ? run + 1 : 0;
    if (run == count) return i + 1 - count;
  }
  return none;
}

// One thread's random claims and releases of every size, in a space that is nearly full.
struct Churn {
  RegionSpace& space;
  std::mt19937_64 random;
  std::vector<RegionIndex> mine{};

  bool claim(std::uint32_t count) {
    const auto claimed = count == 1 ? space.claim(RegionKind::Small) : space.claim_contiguous(count);
    if (!claimed) return false;
    space.retire(claimed.value());
    mine.push_back(claimed.value());
    return true;
  }
  bool release_one() {
    const std::size_t which = random() % mine.size();
    const RegionIndex r = mine[which];
    mine[which] = mine.back();
    mine.pop_back();
    return space.quarantine_if_empty(r) && bool{space.release(r)};
  }
};

}  // namespace

TEST_CASE("spans that meet become one, and one region alone is none") {
  TestTable test(64);
  FreeSpans spans = open_index(64);
  spans.note_free(RegionIndex{10}, 1);
  CHECK(spans.size() == 0);
  spans.note_free(RegionIndex{10}, 2);
  spans.note_free(RegionIndex{20}, 4);
  CHECK(spans.size() == 2);
  spans.note_free(RegionIndex{12}, 8);  // touches both
  CHECK(spans.size() == 1);
  spans.note_free(RegionIndex{24}, 1);
  spans.note_free(RegionIndex{0}, 10);
  CHECK(spans.size() == 1);
  CHECK(spans.claim(26, test.table) == RegionIndex::none);
  CHECK(spans.claim(25, test.table) == RegionIndex{0});
  CHECK(spans.size() == 0);
}

TEST_CASE("the shortest span that is long enough serves, the lowest of these, and the rest of it stays") {
  TestTable test(64);
  FreeSpans spans = open_index(64);
  for (auto [start, count] : {std::pair{2u, 8u}, {20u, 4u}, {30u, 4u}, {40u, 3u}}) {
    spans.note_free(RegionIndex{start}, count);
  }
  CHECK(spans.claim(4, test.table) == RegionIndex{20});
  CHECK(spans.claim(2, test.table) == RegionIndex{40});
  CHECK(spans.claim(4, test.table) == RegionIndex{30});
  CHECK(spans.claim(4, test.table) == RegionIndex{2});
  CHECK(spans.size() == 1);  // 6 to 9; of 40 to 42 one is left
  CHECK(spans.claim(4, test.table) == RegionIndex{6});
  CHECK(spans.size() == 0);
  CHECK(test.table.word(RegionIndex{20}).kind() == RegionKind::LargeHead);
}

TEST_CASE("a span that was eaten into is corrected, and what is left of it serves") {
  TestTable test(64);
  FreeSpans spans = open_index(64);
  spans.note_free(RegionIndex{0}, 16);
  for (std::uint32_t taken : {0u, 5u, 11u}) REQUIRE(test.table.claim_at(RegionIndex{taken}, 1));
  CHECK(spans.claim(16, test.table) == RegionIndex::none);
  CHECK(spans.size() == 3);  // 1 to 4, 6 to 10, 12 to 15
  CHECK(spans.claim(5, test.table) == RegionIndex{6});
  CHECK(spans.claim(3, test.table) == RegionIndex{1});
  std::uint32_t free = 0;  // nothing is left half claimed
  for (std::uint32_t i = 0; i < 16; ++i) free += test.table.word(RegionIndex{i}).is(Free);
  CHECK(free == 16 - 3 - 5 - 3);
}

TEST_CASE("an index that is always wrong gives up and leaves the claim to the scan") {
  TestTable test(400);
  FreeSpans spans = open_index(400);
  for (std::uint32_t i = 0; i < 100; ++i) {
    spans.note_free(RegionIndex{4 * i}, 3);
    REQUIRE(test.table.claim_at(RegionIndex{4 * i + 1}, 1));
  }
  CHECK(spans.claim(3, test.table) == RegionIndex::none);
  CHECK(spans.size() > 80);
  CHECK(spans.size() < 100);
}

TEST_CASE("it is made anew when scans have read as much as that takes, and knows what was never used") {
  TestTable test(100);
  FreeSpans spans = open_index(100);
  for (std::uint32_t i = 0; i < 60; i += 6) REQUIRE(test.table.claim_at(RegionIndex{i}, 1));
  const std::uint32_t used = test.table.high_water();
  for (std::uint32_t read = 0; read + used / 5 < used; read += used / 5) {
    spans.note_found_by_scan(5, test.table);
    CHECK(spans.size() == 0);
  }
  spans.note_found_by_scan(5, test.table);
  CHECK(spans.size() == 10);
  CHECK(spans.claim(5, test.table) == RegionIndex{1});
  CHECK(spans.claim(45, test.table) == RegionIndex{55});
}

TEST_CASE("random claims and releases: there is none only when there is none") {
  const std::uint64_t seed = test_seed();
  INFO("seed ", seed);
  RegionSpace space = open_space(fake_geometry(200));
  Churn churn{space, std::mt19937_64(seed)};
  int wrong = 0, met = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t n = churn.random();
    if (n % 100 < 48 && !churn.mine.empty()) {
      wrong += !churn.release_one();
      continue;
    }
    const std::uint32_t count = n >> 32 & 1 ? 1 : static_cast<std::uint32_t>(2 + (n >> 40) % 12);
    const bool possible = run_in(space, count) != none;
    const bool claimed = churn.claim(count);
    wrong += possible != claimed;
    ++(claimed ? met : refused);
  }
  CHECK(wrong == 0);
  CHECK(met > 1000);
  CHECK(refused > 100);
  while (!churn.mine.empty()) wrong += !churn.release_one();
  CHECK(wrong == 0);
  CHECK(space.claim_contiguous(200).ok());
}

TEST_CASE("threads that claim and release spans at once leave everything free and whole") {
  const std::uint64_t seed = test_seed();
  INFO("seed ", seed);
  RegionSpace space = open_space(fake_geometry(300));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Churn churn{space, std::mt19937_64(seed + t)};
      for (int i = 0; i < 5000; ++i) {
        const std::uint64_t n = churn.random();
        if (n % 2 == 0 || !churn.claim(static_cast<std::uint32_t>(1 + (n >> 32) % 20))) {
          if (!churn.mine.empty()) wrong += !churn.release_one();
        }
      }
      while (!churn.mine.empty()) wrong += !churn.release_one();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(space.statistics().in(Free) == 300);
  CHECK(space.claim_contiguous(300).ok());
}
