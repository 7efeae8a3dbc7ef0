// Where fragmentation is worst: the finder on points made by hand, against a plain search, and the dry run's
// meter on events made by hand.
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "fragmentation.hpp"
#include "support/check.hpp"
#include "worst_point.hpp"

using namespace shunt;
using namespace shunt::demo;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

Point plain_search(const std::vector<Point>& points) {
  std::uint64_t peak = 0;
  for (const Point& p : points) peak = std::max(peak, p.live_bytes);
  Point worst;
  for (const Point& p : points) {
    if (p.live_bytes != 0 && p.live_bytes * 2 >= peak && p.ratio() > worst.ratio()) worst = p;
  }
  return worst;
}

WorstPoint finder_of(const std::vector<Point>& points) {
  WorstPoint finder;
  for (const Point& p : points) finder.add(p);
  return finder;
}

HeapGeometry small_geometry() {
  HeapGeometry g;
  g.base = Address{std::uintptr_t{1} << 44};
  g.region_count = 64;
  return g;
}

trace::Event allocation(std::uint64_t object, std::uint64_t bytes) {
  return {.kind = trace::EventKind::allocate, .object = object, .bytes = bytes};
}
trace::Event reallocation(std::uint64_t object, std::uint64_t bytes) {
  return {.kind = trace::EventKind::reallocate, .object = object, .bytes = bytes};
}
trace::Event release(std::uint64_t object) { return {.kind = trace::EventKind::free, .object = object}; }

}  // namespace

TEST_CASE("the worst point has the greatest ratio among those with half of the peak alive") {
  // The emptied heap at event 4 has ratio 20 and does not count; event 3 does.
  const std::vector<Point> points = {{1, 50, 100}, {2, 100, 120}, {3, 60, 180}, {4, 10, 200}, {5, 70, 140}};
  CHECK(finder_of(points).worst().events == 3);
  CHECK(finder_of(points).peak_live_bytes() == 100);
}

TEST_CASE("a peak that comes late takes early points out of the running") {
  const std::vector<Point> points = {{1, 10, 90}, {2, 30, 60}, {3, 100, 110}, {4, 60, 90}};
  CHECK(finder_of(points).worst().events == 4);
}

TEST_CASE("of equal ratios the one with more alive counts, and of equal points the first") {
  CHECK(finder_of({{1, 60, 120}, {2, 80, 160}}).worst().events == 2);
  CHECK(finder_of({{1, 60, 120}, {2, 60, 120}}).worst().events == 1);
  CHECK(WorstPoint().worst().events == 0);
  CHECK(finder_of({{1, 0, 4096}}).worst().events == 0);
}

TEST_CASE("the finder agrees with a plain search on random histories") {
  INFO("seed " << testing::test_seed());
  std::mt19937_64 random(testing::test_seed());
  for (int history = 0; history < 200; ++history) {
    std::vector<Point> points;
    std::uint64_t live = 1;
    for (std::uint64_t i = 1; i <= 300; ++i) {
      live = std::max<std::int64_t>(
          0, static_cast<std::int64_t>(live) + static_cast<std::int64_t>(random() % 41) - 19);
      points.push_back({i, live, live + random() % 500});
    }
    const Point found = finder_of(points).worst();
    const Point wanted = plain_search(points);
    CHECK(found.ratio() == doctest::Approx(wanted.ratio()));
    CHECK(found.live_bytes * 2 >= finder_of(points).peak_live_bytes());
  }
}

TEST_CASE("the meter counts pages once, and gives an emptied region back") {
  FragmentationMeter meter(small_geometry());
  REQUIRE(meter.apply(allocation(0, 100)));
  REQUIRE(meter.apply(allocation(1, 100)));
  CHECK(meter.live_bytes() == 2 * 112);  // granules of 16 bytes
  CHECK(meter.resident_bytes() == 4096);
  REQUIRE(meter.apply(allocation(2, 5 * mebibyte)));
  CHECK(meter.resident_bytes() == 4096 + 5 * mebibyte);
  REQUIRE(meter.apply(release(2)));  // regions of its own
  CHECK(meter.resident_bytes() == 4096);
  REQUIRE(meter.apply(release(0)));
  CHECK(meter.live_bytes() == 112);
  CHECK(meter.resident_bytes() == 4096);  // a neighbour lives
  CHECK(meter.events() == 5);
}

TEST_CASE("a reallocated object keeps its place within its granules and leaves it beyond them") {
  FragmentationMeter meter(small_geometry());
  REQUIRE(meter.apply(allocation(0, 19990)));
  const std::uint64_t before = meter.resident_bytes();
  REQUIRE(meter.apply(reallocation(0, 20000)));
  CHECK(meter.resident_bytes() == before);
  REQUIRE(meter.apply(reallocation(0, 30000)));
  CHECK(meter.resident_bytes() > before);
  CHECK(meter.live_bytes() == 30000);
}

TEST_CASE("the meter says when the heap is full and stays as it was") {
  HeapGeometry g = small_geometry();
  g.region_count = 4;
  FragmentationMeter meter(g);
  REQUIRE(meter.apply(allocation(0, 7 * mebibyte)));
  const std::uint64_t live = meter.live_bytes();
  CHECK_FALSE(meter.apply(allocation(1, 7 * mebibyte)));
  CHECK(meter.live_bytes() == live);
  CHECK(meter.events() == 1);
}
