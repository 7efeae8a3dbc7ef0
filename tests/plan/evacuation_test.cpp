// The decision move or copy, at the sizes where it turns.
#include "plan/evacuation.hpp"

#include <vector>

#include "support/check.hpp"

using namespace shunt;

namespace {

struct Region {
  explicit Region(std::uint32_t pages, RegionContent content = RegionContent::Small) : row(pages) {
    facts.content = content;
    facts.used_pages = pages;
  }
  void fill(std::uint32_t first, std::uint32_t pages, std::uint32_t live_bytes, bool tied = false) {
    for (std::uint32_t i = 0; i < pages; ++i) row[first + i] = PageState(live_bytes, tied && i > 0);
  }
  Evacuation plan() { return plan_evacuation(facts, row, terms); }
  bool moved(std::uint32_t page) const { return row[page].is_moved(); }

  RegionFacts facts{};
  std::vector<PageState> row;
  EvacuationTerms terms{};
};

constexpr auto full = static_cast<std::uint32_t>(page_bytes);

}  // namespace

TEST_CASE("the waste allowance decides to the granule") {
  Region r(64);
  r.fill(0, 10, 3680, true);  // 10 pages, 36,800 live bytes: 64 less than 90 %
  r.fill(20, 10, 3680, true);
  r.row[29] = PageState(3744 + 16, true);
  const Evacuation e = r.plan();
  CHECK_FALSE(r.moved(0));
  CHECK(r.moved(20));
  CHECK(e.moved_pages == 10);
  CHECK(e.copied_bytes == 36800);
  CHECK(e.live_bytes == 36800 + 36880);
  CHECK(e.needed_pages() == 10 + 9);
  CHECK(e.freed_bytes() == (64 - 19) * page_bytes);
}

TEST_CASE("a page alone is copied where a call is dear, but not beside pages that pay for the call") {
  Region r(64);
  r.terms.running_threads = 1;
  r.fill(0, 1, full);
  r.fill(10, 8, full);  // not tied: eight clusters that share one call
  r.plan();
  CHECK_FALSE(r.moved(0));
  CHECK(r.moved(10));
  CHECK(r.moved(17));
  Region parked(64);
  parked.fill(0, 1, full);
  parked.plan();
  CHECK(parked.moved(0));
}

TEST_CASE("copy-only mode copies everything and does not touch what cannot be copied") {
  Region r(64);
  r.terms.page_moves = false;
  r.fill(0, 64, full);
  const Evacuation e = r.plan();
  CHECK(e.movable);
  CHECK(e.moved_pages == 0);
  CHECK(e.copied_bytes == 64 * page_bytes);
  Region aligned(64, RegionContent::Aligned);
  aligned.terms.page_moves = false;
  aligned.fill(0, 1, 16);
  CHECK_FALSE(aligned.plan().movable);
  Region dead(64, RegionContent::Aligned);
  dead.terms.page_moves = false;
  CHECK(dead.plan().movable);
}

TEST_CASE("aligned objects move by page however sparse, or are not worth it") {
  Region r(64, RegionContent::Aligned);
  r.fill(8, 16, 64);
  const Evacuation e = r.plan();
  CHECK(e.moved_pages == 16);
  CHECK(e.copied_bytes == 0);
  CHECK(e.worthwhile);
  Region scattered(64, RegionContent::Aligned);
  for (std::uint32_t page = 0; page < 64; page += 2) scattered.fill(page, 1, 64);
  const Evacuation s = scattered.plan();
  CHECK(s.moved_pages == 32);
  CHECK_FALSE(s.worthwhile);  // 32 calls for what one copy of 2 KiB would do
}

TEST_CASE("a pinned region cannot be evacuated") {
  Region r(64, RegionContent::Pinned);
  r.fill(0, 64, full);
  CHECK_FALSE(r.plan().movable);
}

TEST_CASE("a whole huge page moves whole; a part of one is copied rather than split") {
  Region r(1024);
  r.facts.huge_page_bits = 0b11;
  r.fill(0, 512, full);
  r.fill(600, 20, full);
  const Evacuation e = r.plan();
  CHECK(e.whole_blocks == 0b01);
  CHECK(e.splits == 0);
  CHECK(e.moved_pages == 512);
  CHECK(e.copied_bytes == 20 * page_bytes);
  CHECK(r.row[511].is_anchored());
  CHECK_FALSE(r.row[512].is_anchored());
}

TEST_CASE("a large part of a huge page pays for the split") {
  Region r(512);
  r.facts.huge_page_bits = 1;
  r.fill(0, 500, full);
  const Evacuation e = r.plan();
  CHECK(e.moved_pages == 500);
  CHECK(e.splits == 1);
  CHECK(e.whole_blocks == 0);
  CHECK(e.nanoseconds > r.terms.costs.split_huge_page);
}

TEST_CASE("a cluster that reaches out of a whole huge page keeps its neighbour moving, and is anchored") {
  Region r(1024);
  r.facts.huge_page_bits = 0b11;
  r.fill(0, 512, full);
  r.fill(512, 4, full);
  r.row[512] = PageState(full, true);
  const Evacuation e = r.plan();
  CHECK(e.whole_blocks == 0b01);
  CHECK(e.splits == 1);
  CHECK(r.row[512].is_anchored());
  CHECK_FALSE(r.row[513].is_anchored());
  CHECK(e.moved_pages == 516);
}

TEST_CASE("a small region inside of a huge page is copied: moving it would split the huge page") {
  Region r(64);
  r.fill(0, 64, full);
  CHECK(r.plan().moved_pages == 64);
  Region inside(64);
  inside.facts.huge_page_bits = 1;
  inside.fill(0, 64, full);
  CHECK(inside.plan().moved_pages == 0);
}

TEST_CASE("parts of a series are cut at whole huge pages") {
  std::vector<std::uint32_t> cuts;
  for_each_move_part(100, 2000, 0b0110, [&](std::uint32_t first, std::uint32_t end, bool huge) {
    cuts.insert(cuts.end(), {first, end, huge});
  });
  CHECK(cuts == std::vector<std::uint32_t>{100, 512, 0, 512, 1536, 1, 1536, 2000, 0});
}
