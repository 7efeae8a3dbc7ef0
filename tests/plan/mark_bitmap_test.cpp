// The mark bitmap at its word, page and region borders, against a vector of bools, and under several markers.
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "plan/mark_bitmap.hpp"
#include "support/check.hpp"

using namespace shunt;

namespace {

struct Bitmap {
  explicit Bitmap(unsigned granule_shift, unsigned region_shift = 18, std::uint32_t regions = 2)
      : geometry{Address{std::uintptr_t{1} << 40}, region_shift, granule_shift, regions},
        words(MarkBitmap::words_needed(geometry)),
        marks(geometry, words) {}
  AddressRange granules(std::uint64_t first, std::uint64_t count) const {
    return {geometry.start_of_granule(first), count << geometry.granule_shift};
  }
  HeapGeometry geometry;
  std::vector<std::uint64_t> words;
  MarkBitmap marks;
};

}  // namespace

TEST_CASE("counting bits: all word counts, any word, below any bit") {
  std::mt19937_64 random(7);
  std::uint64_t words[31];
  for (auto& w : words) w = random();
  words[3] = ~std::uint64_t{0};
  for (std::size_t count = 0; count <= 31; ++count) {
    std::size_t expected = 0;
    for (std::size_t i = 0; i < count; ++i) expected += static_cast<std::size_t>(std::popcount(words[i]));
    CHECK(count_bits(words, count) == expected);
    if (count < 31) CHECK(count_bits(words[count]) == static_cast<std::size_t>(std::popcount(words[count])));
  }
  std::fill(std::begin(words), std::end(words), ~std::uint64_t{0});
  CHECK(count_bits(words, 31) == 31 * 64);
  for (std::size_t bits = 0; bits < 64; ++bits) CHECK(count_bits(bits_below(bits)) == bits);
}

TEST_CASE("mark sets exactly the granules that the object touches") {
  for (const unsigned shift : {3u, 4u}) {
    CAPTURE(shift);
    const std::uint64_t last = Bitmap(shift).geometry.granule_count();
    for (const std::uint64_t first :
         std::initializer_list<std::uint64_t>{0, 1, 62, 63, 64, 255, 256, 511, 512, last - 200}) {
      for (const std::uint64_t count :
           std::initializer_list<std::uint64_t>{1, 2, 63, 64, 65, 128, 129, 200}) {
        Bitmap b(shift);
        CHECK(b.marks.mark(b.granules(first, count)));
        CHECK_FALSE(b.marks.mark(b.granules(first, count)));
        CHECK(b.marks.live_granules(b.geometry.range()) == count);
        CHECK(b.marks.is_marked(b.geometry.start_of_granule(first)));
        CHECK(b.marks.is_marked(b.geometry.start_of_granule(first + count) - 1));
        if (first > 0) CHECK_FALSE(b.marks.is_marked(b.geometry.start_of_granule(first) - 1));
        if (first + count < last) CHECK_FALSE(b.marks.is_marked(b.geometry.start_of_granule(first + count)));
        b.marks.clear(b.granules(first, count));
        CHECK(b.marks.live_granules(b.geometry.range()) == 0);
      }
    }
  }
}

TEST_CASE("an object of an odd size marks its last granule whole; an empty one marks nothing") {
  Bitmap b(4);
  b.marks.mark({b.geometry.base + 16, 17});
  CHECK(b.marks.live_bytes(b.geometry.range()) == 32);
  CHECK_FALSE(b.marks.mark({b.geometry.base, 0}));
  CHECK(b.marks.live_bytes({b.geometry.base + 47, 1}) == 16);
  CHECK(b.marks.live_bytes({b.geometry.base + 47, 0}) == 0);
}

TEST_CASE("marks, clears, counts and spans agree with a vector of bools") {
  const std::uint64_t seed = testing::test_seed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    Bitmap b(3 + round % 2, 18, 1);
    const std::uint64_t n = b.geometry.granule_count();
    std::vector<bool> model(n);
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t first = random() % n;
      const std::uint64_t count =
          1 + random() % std::min<std::uint64_t>(n - first, step % 5 == 0 ? 4000 : 100);
      const bool on = random() % 3 != 0;
      on ? void(b.marks.mark(b.granules(first, count))) : b.marks.clear(b.granules(first, count));
      std::fill_n(model.begin() + static_cast<long>(first), count, on);
    }
    const std::uint64_t from = random() % n, to = from + 1 + random() % (n - from);
    std::vector<bool> seen(n);
    std::uint64_t previous_end = 0;
    b.marks.for_each_live_span(b.granules(from, to - from), [&](AddressRange span) {
      const std::uint64_t g = b.geometry.granule_of(span.start);
      CHECK(g >= previous_end + (previous_end != 0));  // maximal: never touching
      previous_end = g + (span.bytes >> b.geometry.granule_shift);
      std::fill(seen.begin() + static_cast<long>(g), seen.begin() + static_cast<long>(previous_end), true);
    });
    std::size_t live = 0, wrong = 0;
    for (std::uint64_t g = 0; g < n; ++g) {
      const Address a = b.geometry.start_of_granule(g) + g % b.geometry.granule_bytes();
      wrong += b.marks.is_marked(a) != model[g];
      if (g >= from && g < to) {
        wrong += seen[g] != model[g];
        live += model[g];
      } else {
        wrong += seen[g];
      }
    }
    CHECK(wrong == 0);
    CHECK(b.marks.live_granules(b.granules(from, to - from)) == live);
  }
}

TEST_CASE("several threads mark objects that share border words: each object has one first marker") {
  Bitmap b(4, 20, 1);
  const std::uint64_t objects = b.geometry.granule_count() / 7;
  std::atomic<std::uint64_t> firsts = 0;
  std::vector<std::thread> markers;
  for (int t = 0; t < 3; ++t) {
    markers.emplace_back([&, t] {
      std::uint64_t mine = 0;
      for (std::uint64_t i = 0; i < objects; ++i) {
        const std::uint64_t object = t == 1 ? objects - 1 - i : i;
        mine += b.marks.mark(b.granules(object * 7, 7));
      }
      firsts += mine;
    });
  }
  for (auto& m : markers) m.join();
  CHECK(firsts == objects);
  CHECK(b.marks.live_granules(b.geometry.range()) == objects * 7);
}
