// The baselines of region-bench against plain models, and under threads: a baseline that answers wrong would
// win for nothing.
#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "free_stack.hpp"
#include "locked_free_set.hpp"
#include "locked_map.hpp"
#include "locked_spans.hpp"
#include "radix_tree.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::baselines;

namespace {

constexpr std::uint32_t regions = 64;

// Four threads claim and release; each region that is held belongs to one of them.
template <class Free>
void never_hands_out_twice() {
  Free free(regions);
  for (std::uint32_t i = 0; i < regions; ++i) free.release(i);
  std::vector<std::atomic<int>> holders(regions);
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 5'000; ++i) {
      std::uint32_t held[4];
      for (std::uint32_t& r : held) {
        r = free.claim();
        if (r == Free::none || holders[r].fetch_add(1) != 0) ++wrong;
      }
      for (const std::uint32_t r : {held[2], held[0], held[3], held[1]}) {
        holders[r].fetch_sub(1);
        free.release(r);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  }
  CHECK(wrong == 0);
  std::set<std::uint32_t> all;
  for (std::uint32_t r = free.claim(); r != Free::none; r = free.claim()) all.insert(r);
  CHECK(all.size() == regions);
}

// The smallest run of free regions that is big enough, the lowest of those.
std::uint32_t best_fit(const std::vector<bool>& used, std::uint32_t count) {
  std::uint32_t best = LockedSpans::none, best_size = 0;
  for (std::uint32_t i = 0; i < used.size();) {
    std::uint32_t end = i;
    while (end < used.size() && !used[end]) ++end;
    if (end - i >= count && (best == LockedSpans::none || end - i < best_size)) best = i, best_size = end - i;
    i = end + 1;
  }
  return best;
}

void fill(std::vector<bool>& used, std::uint32_t start, std::uint32_t count, bool value) {
  for (std::uint32_t i = start; i < start + count; ++i) used[i] = value;
}

}  // namespace

TEST_CASE("the radix tree and the map find what was set, and nothing beside it") {
  RadixTree<21> radix;
  LockedMap map;
  const Address base{std::uintptr_t{1} << 44};
  const std::size_t bytes = std::size_t{1} << 21;
  for (std::uint64_t i = 0; i < 20'000; i += 2) {  // over a leaf's border
    radix.set(base + i * bytes, i + 1);
    map.set({base + i * bytes, bytes}, i + 1);
  }
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::uint64_t expected = i % 2 == 0 ? i + 1 : 0;
    for (const std::size_t offset : {std::size_t{0}, bytes / 2, bytes - 1}) {
      CHECK(radix.find(base + i * bytes + offset) == expected);
      CHECK(map.find(base + i * bytes + offset) == expected);
    }
  }
  for (const Address foreign : {Address::null, base - 1, Address{~std::uintptr_t{0}}}) {
    CHECK(radix.find(foreign) == 0);
    CHECK(map.find(foreign) == 0);
  }
}

TEST_CASE("the set gives the lowest region, the stack the last one") {
  LockedFreeSet<> set(regions);
  FreeStack stack(regions);
  for (const std::uint32_t r : {5u, 3u, 9u}) {
    set.release(r);
    stack.release(r);
  }
  for (const std::uint32_t r : {3u, 5u, 9u, LockedFreeSet<>::none}) CHECK(set.claim() == r);
  for (const std::uint32_t r : {9u, 3u, 5u, FreeStack::none}) CHECK(stack.claim() == r);
}

TEST_CASE("no region is handed out twice at a time, and none is lost") {
  never_hands_out_twice<LockedFreeSet<>>();
  never_hands_out_twice<LockedFreeSet<AdaptiveMutex>>();
  never_hands_out_twice<FreeStack>();
}

TEST_CASE("spans are claimed by best fit and joined when they are released") {
  const std::uint64_t seed = shunt::testing::test_seed();
  INFO("SHUNT_TEST_SEED=", seed);
  std::mt19937_64 random(seed);
  for (const auto words : {LockedSpans::Words::None, LockedSpans::Words::Written}) {
    LockedSpans spans(regions, words);
    spans.release(0, regions);
    std::vector<bool> used(regions);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;
    for (int step = 0; step < 5'000; ++step) {
      if (random() % 2 == 0 || held.empty()) {
        const auto count = static_cast<std::uint32_t>(random() % 12 + 1);
        const std::uint32_t start = spans.claim(count);
        REQUIRE(start == best_fit(used, count));
        if (start == LockedSpans::none) continue;
        fill(used, start, count, true);
        held.emplace_back(start, count);
      } else {
        std::swap(held[random() % held.size()], held.back());
        spans.release(held.back().first, held.back().second);
        fill(used, held.back().first, held.back().second, false);
        held.pop_back();
      }
    }
  }
}
