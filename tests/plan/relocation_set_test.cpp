// Selection: the window against brute force, the order of profit, limits, and what must never be selected.
#include "plan/relocation_set.hpp"

#include <random>
#include <vector>

#include "model_heap.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// Facts and prices from numbers alone.
struct Prices {
  explicit Prices(std::uint32_t regions)
      : input{.geometry = {Address{std::uintptr_t{1} << 40}, 18, 4, regions}} {}

  Evacuation& add(std::uint32_t region, RegionContent content, std::uint32_t needed_pages,
                  double nanoseconds) {
    facts.push_back({.region = RegionIndex{region}, .content = content, .used_pages = 64});
    evacuations.push_back({.used_pages = 64,
                           .live_bytes = static_cast<std::uint32_t>(needed_pages * page_bytes),
                           .moved_pages = needed_pages,
                           .movable = content != RegionContent::Pinned,
                           .worthwhile = !is_large(content),
                           .nanoseconds = nanoseconds});
    return evacuations.back();
  }
  const SelectionInput& get() {
    input.facts = facts;
    input.evacuations = evacuations;
    input.destinations = destinations;
    return input;
  }
  std::vector<std::uint32_t> by_profit() {
    std::vector<std::uint8_t> selected(facts.size());
    ArenaMemory memory(1 << 16);
    REQUIRE(select_by_profit(get(), {}, selected, memory.arena).ok());
    std::vector<std::uint32_t> regions;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (selected[i] != 0) regions.push_back(value(facts[i].region));
    }
    return regions;
  }

  SelectionInput input;
  std::vector<RegionFacts> facts;
  std::vector<Evacuation> evacuations;
  std::vector<RegionIndex> destinations;
};

using Regions = std::vector<std::uint32_t>;

// The definition of a window, told region by region.
bool is_possible(const Prices& p, std::uint32_t first, std::uint32_t regions, double& price) {
  std::size_t pages = 0, rooms = 0;
  price = 0;
  const auto inside = [&](RegionIndex r) { return value(r) >= first && value(r) < first + regions; };
  for (std::size_t i = 0; i < p.facts.size(); ++i) {
    const bool is_inside = inside(p.facts[i].region);
    if (p.facts[i].content == RegionContent::LargeHead) {
      for (std::uint32_t k = 1; k < p.facts[i].region_span; ++k) {
        if (inside(p.facts[i].region + k) != is_inside) return false;
      }
    }
    if (!is_inside) continue;
    if (!p.evacuations[i].movable) return false;
    price += p.evacuations[i].nanoseconds;
    pages += p.evacuations[i].needed_pages();
  }
  for (const RegionIndex r : p.destinations) rooms += !inside(r);
  return pages <= rooms * 64;
}

}  // namespace

TEST_CASE("the window is the cheapest possible one") {
  const std::uint64_t seed = test_seed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  int found = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Prices p(static_cast<std::uint32_t>(8 + random() % 40));
    for (std::uint32_t r = 0; r < p.input.geometry.region_count; ++r) {
      const auto needed = static_cast<std::uint32_t>(random() % 65);
      const double price = static_cast<double>(random() % 50);
      switch (random() % 8) {
        case 0:
          p.destinations.push_back(RegionIndex{r});
          break;
        case 1:
          break;
        case 2:
          p.add(r, random() % 3 == 0 ? RegionContent::Pinned : RegionContent::Aligned, needed, price);
          break;
        case 3: {
          const std::uint32_t span = std::min<std::uint32_t>(static_cast<std::uint32_t>(1 + random() % 4),
                                                             p.input.geometry.region_count - r);
          for (std::uint32_t i = 0; i < span; ++i)
            p.add(r + i, i == 0 ? RegionContent::LargeHead : RegionContent::LargeTail, 64, price);
          p.facts[p.facts.size() - span].region_span = span;
          r += span - 1;
          break;
        }
        default:
          p.add(r, RegionContent::Small, needed, price);
      }
    }
    p.input.goal.contiguous_regions = static_cast<std::uint32_t>(1 + random() % 8);
    RegionWindow best;
    double best_price = 1e9;
    for (std::uint32_t first = 0; first + p.input.goal.contiguous_regions <= p.input.geometry.region_count;
         ++first) {
      double price = 0;
      if (!is_possible(p, first, p.input.goal.contiguous_regions, price) || price >= best_price) continue;
      best_price = price;
      best = {RegionIndex{first}, p.input.goal.contiguous_regions};
    }
    const RegionWindow window = find_window(p.get(), WindowRule::ByPages);
    CAPTURE(trial);
    CHECK(window == best);
    found += !window.is_empty();
  }
  CHECK(found > 0);
}

TEST_CASE("no window larger than the heap, none when none is wanted") {
  Prices p(4);
  p.input.goal.contiguous_regions = 5;
  CHECK(find_window(p.get(), WindowRule::ByPages).is_empty());
  p.input.goal.contiguous_regions = 0;
  CHECK(find_window(p.get(), WindowRule::ByPages).is_empty());
  p.input.goal.contiguous_regions = 4;
  CHECK(find_window(p.get(), WindowRule::ByPages) == RegionWindow{RegionIndex{0}, 4});
}

TEST_CASE("regions are taken by bytes freed per nanosecond until enough is free") {
  Prices p(16);
  for (std::uint32_t i = 0; i < 8; ++i) p.destinations.push_back(RegionIndex{8 + i});
  p.add(0, RegionContent::Small, 32, 1000);  // frees 32 pages
  p.add(1, RegionContent::Small, 16, 1000);  // frees 48
  p.add(2, RegionContent::Small, 32, 100);   // frees 32, cheaply
  p.add(3, RegionContent::Small, 0, 10);     // dead
  CHECK(p.by_profit() == Regions{0, 1, 2, 3});
  p.input.goal.bytes_to_free = 64 * page_bytes;
  CHECK(p.by_profit() == Regions{3});
  p.input.goal.bytes_to_free = 65 * page_bytes;
  CHECK(p.by_profit() == Regions{2, 3});
  p.input.goal.bytes_to_free = 97 * page_bytes;
  CHECK(p.by_profit() == Regions{1, 2, 3});
  p.input.goal.bytes_to_free = 0;
  CHECK(p.by_profit().empty());
}

TEST_CASE("what stays: dense, pinned, live large objects, and what does not fit the destinations") {
  Prices p(16);
  p.destinations = {RegionIndex{15}};
  p.add(0, RegionContent::Small, 54, 10);  // 84 % live
  p.add(1, RegionContent::Small, 55, 10);  // 86 % live
  p.add(2, RegionContent::Pinned, 1, 10);
  p.add(3, RegionContent::LargeHead, 1, 10);
  p.add(4, RegionContent::Aligned, 1, 10).worthwhile = false;
  CHECK(p.by_profit() == Regions{0});
  p.add(5, RegionContent::Small, 11, 1000);  // 54 + 11 pages are one too many
  CHECK(p.by_profit() == Regions{0});
  p.evacuations.back().nanoseconds = 1;  // now it is the more profitable one
  CHECK(p.by_profit() == Regions{5});
}

TEST_CASE("the limit on copied bytes passes over a region, not over those behind it") {
  Prices p(16);
  p.destinations = {RegionIndex{14}, RegionIndex{15}};
  for (std::uint32_t r = 0; r < 3; ++r) {
    Evacuation& e = p.add(r, RegionContent::Small, 0, 10.0 + r);
    e.copied_bytes = e.live_bytes = static_cast<std::uint32_t>((r == 1 ? 8 : 2) * page_bytes);
  }
  p.input.goal.copied_bytes_limit = 4 * page_bytes;
  CHECK(p.by_profit() == Regions{0, 2});
}
