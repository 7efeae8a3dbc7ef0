// The histogram of the benchmarks: percentiles within its promise of 3 %, merged as if counted together.
#include "support/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "support/check.hpp"
#include "support/statistics.hpp"

using shunt::bench::Histogram;

TEST_CASE("percentiles are those of the sorted values, within 3 %") {
  const std::uint64_t seed = shunt::testing::test_seed();
  INFO("SHUNT_TEST_SEED=", seed);
  std::mt19937_64 random(seed);
  Histogram first, second;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t v = random() >> (random() % 64);  // of every magnitude
    (i % 3 == 0 ? first : second).add(v);
    values.push_back(v);
  }
  first.merge(second);
  std::ranges::sort(values);
  REQUIRE(first.count() == values.size());
  for (const double share : {0.0, 0.5, 0.9, 0.99, 0.999}) {
    CAPTURE(share);
    const auto exact =
        static_cast<double>(values[static_cast<std::size_t>(share * static_cast<double>(values.size()))]);
    CHECK(std::abs(first.at(share) - exact) <= 0.03 * exact);
  }
  CHECK(std::abs(first.at(1.0) - static_cast<double>(values.back())) <=
        0.03 * static_cast<double>(values.back()));
}

TEST_CASE("small values are exact, and nothing has no percentile") {
  Histogram histogram;
  CHECK(histogram.at(0.5) == 0);
  for (std::uint64_t v = 0; v < 64; ++v) histogram.add(v);
  for (std::uint64_t v = 0; v < 64; ++v) {
    CHECK(histogram.at(static_cast<double>(v) / 64) == static_cast<double>(v));
  }
}

TEST_CASE("a paired difference is the median of differences, not the difference of medians") {
  CHECK(shunt::bench::paired_difference({1, 10, 100}, {0, 12, 50}) == 1);
  CHECK(shunt::bench::paired_difference({}, {}) == 0);
}
