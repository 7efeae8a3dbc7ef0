// runtime: which path a size and an alignment take, at the borders between paths and at absurd values.
#include "runtime/allocation.hpp"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

HeapGeometry geometry_of(unsigned region_shift, std::uint32_t count = 100, unsigned granule_shift = 4) {
  return {Address{std::uintptr_t{1} << 44}, region_shift, granule_shift, count};
}

void check_class(const HeapGeometry& g, std::size_t size, std::size_t alignment, AllocationPath path,
                 std::size_t bytes, std::uint64_t regions = 1) {
  const AllocationClass c = classify(g, size, alignment);
  INFO("size ", size, " alignment ", alignment);
  CHECK(c.path == path);
  CHECK(c.bytes == bytes);
  CHECK(c.regions == regions);
}

}  // namespace

TEST_CASE("sizes take their paths, borders included, at every region size") {
  using enum AllocationPath;
  for (unsigned shift = 18; shift <= 25; ++shift) {
    const HeapGeometry g = geometry_of(shift);
    const std::size_t region = g.region_bytes();
    check_class(g, 0, 0, Small, 16);
    check_class(g, 1, 1, Small, 16);
    check_class(g, 17, 16, Small, 32);
    check_class(g, medium_threshold_bytes - 1, 0, Small, medium_threshold_bytes);
    check_class(g, medium_threshold_bytes, 0, Medium, medium_threshold_bytes);
    check_class(g, medium_threshold_bytes + 1, 0, Medium, medium_threshold_bytes + 4096);
    check_class(g, region / 2, 4096, Medium, region / 2);
    check_class(g, region / 2 + 1, 0, Large, region / 2 + 4096);
    check_class(g, region, 0, Large, region);
    check_class(g, region + 1, 0, Large, region + 4096, 2);
    check_class(g, 100 * region, 0, Large, 100 * region, 100);
  }
}

TEST_CASE("alignments take their paths") {
  using enum AllocationPath;
  const HeapGeometry g = geometry_of(21);
  check_class(g, 24, 32, Aligned, 32);
  check_class(g, 1, 4096, Aligned, 16);
  check_class(g, 1, 8192, Large, 4096);
  check_class(g, 1, 2 << 20, Large, 4096);
  check_class(g, 40000, 4096, Medium, 40960);
  CHECK(classify(g, 24, 32).alignment == 32);
  CHECK(classify(geometry_of(21, 100, 3), 9, 8).bytes == 16);
  CHECK(classify(geometry_of(21, 100, 3), 8, 16).path == Aligned);
  CHECK(classify(g, 1, 4 << 20).refusal == Refusal::AlignmentAboveRegion);
  CHECK(classify(g, 1, 48).refusal == Refusal::AlignmentNotPowerOfTwo);
  CHECK(classify(g, 1, 3).refusal == Refusal::AlignmentNotPowerOfTwo);
  CHECK(classify(g, 1, SIZE_MAX).refusal == Refusal::AlignmentNotPowerOfTwo);
  CHECK(classify(g, 1, std::size_t{1} << 63).refusal == Refusal::AlignmentAboveRegion);
}

TEST_CASE("absurd sizes are refused without overflow") {
  const HeapGeometry g = geometry_of(21);
  for (std::size_t size : {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX / 2, g.bytes() + 1}) {
    for (std::size_t alignment : {std::size_t{0}, std::size_t{64}, page_bytes, g.region_bytes()}) {
      CHECK(classify(g, size, alignment).refusal == Refusal::LargerThanHeap);
    }
  }
  CHECK(classify(g, SIZE_MAX, 0).regions == std::uint64_t{1} << 43);
}

TEST_CASE("a class is never smaller than what was asked, and fits its path, for random requests") {
  std::mt19937_64 random(test_seed());
  INFO("seed ", test_seed());
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    const HeapGeometry g = geometry_of(18 + random() % 8, 100, 3 + random() % 2);
    const std::size_t size = random() >> (random() % 64), alignment = std::size_t{1} << random() % 26;
    const AllocationClass c = classify(g, size, alignment);
    if (c.path == AllocationPath::Refused) {
      wrong += size <= g.bytes() && alignment <= g.region_bytes();
      continue;
    }
    wrong +=
        c.bytes < size || c.bytes == 0 || c.alignment < alignment || !is_aligned(c.bytes, g.granule_bytes());
    wrong += c.path == AllocationPath::Medium && c.bytes > g.region_bytes() / 2;
    wrong += c.path == AllocationPath::Large && c.bytes > c.regions * g.region_bytes();
  }
  CHECK(wrong == 0);
}

TEST_CASE("a refusal says how many regions were asked for and what would be right") {
  const HeapGeometry g = geometry_of(21, 10);
  char text[256];
  const Allocation refused{Address::null, 0, Refusal::OutOfRegions, 7};
  const std::size_t length = describe(refused, g, text);
  CHECK(length == std::strlen(text));
  CHECK(std::string(text).find("7 contiguous regions of 2048 KiB") != std::string::npos);
  CHECK(std::string(text).find("10 in all") != std::string::npos);
  for (Refusal r : {Refusal::OutOfRegions, Refusal::LargerThanHeap, Refusal::AlignmentAboveRegion,
                    Refusal::AlignmentNotPowerOfTwo}) {
    CHECK(std::string(error_of({Address::null, 0, r, 1}).advice) != "");
  }
}
