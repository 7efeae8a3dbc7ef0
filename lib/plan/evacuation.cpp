// The decision for one region, in four steps, each of which only turns moves into copies, never back:
// dense clusters move; huge pages that would be split for too little are left to copying; series of pages
// that are too short to pay for a kernel call are left to copying; what moves with a whole huge page is
// anchored to it.
//
// Regions smaller than 2 MiB are one block that can never be whole: moving out of them always splits.
#include "plan/evacuation.hpp"

#include <algorithm>

namespace shunt {
namespace {

struct Tally {
  std::uint32_t pages = 0;
  std::uint32_t series = 0;
  std::uint32_t live_bytes = 0;
};

class Decision {
 public:
  Decision(const RegionFacts& facts, std::span<PageState> row, const EvacuationTerms& terms)
      : facts_(facts), row_(row), terms_(terms), must_move_(facts.content == RegionContent::Aligned) {
    block_pages_ =
        std::min(static_cast<std::uint32_t>(row.size()), static_cast<std::uint32_t>(pages_per_huge_page));
  }

  void decide() {
    move_dense_clusters();
    update_whole_blocks();
    if (must_move_) return;
    settle_blocks();
    settle_series();
  }
  void move_all(std::uint32_t pages) {
    for (std::uint32_t page = 0; page < pages; ++page) row_[page].set_moved(true);
    update_whole_blocks();
  }
  void anchor_whole_blocks();
  Evacuation price() const;

 private:
  std::uint32_t blocks() const { return static_cast<std::uint32_t>(row_.size()) / block_pages_; }
  bool is_huge(std::uint32_t block) const { return ((facts_.huge_page_bits >> block) & 1) != 0; }
  bool is_whole(std::uint32_t block) const { return ((whole_ >> block) & 1) != 0; }
  double move_time(std::uint32_t pages, bool huge) const {
    return terms_.costs.predict_move(std::size_t{pages} << page_shift, huge, terms_.running_threads);
  }

  void move_dense_clusters();
  void update_whole_blocks();
  void settle_blocks();
  bool settle_block(std::uint32_t block);
  bool is_held_by_neighbour(std::uint32_t block) const;
  Tally tally(std::uint32_t first, std::uint32_t end) const;
  void copy_clusters(std::uint32_t first, std::uint32_t end);
  void settle_series();

  const RegionFacts& facts_;
  std::span<PageState> row_;
  const EvacuationTerms& terms_;
  bool must_move_;
  std::uint32_t block_pages_ = 0;
  std::uint16_t whole_ = 0;
};

void Decision::move_dense_clusters() {
  for_each_cluster(row_, [&](const Cluster& c) {
    const double wanted =
        (1.0 - terms_.waste_allowance) * static_cast<double>(std::size_t{c.pages} << page_shift);
    const bool moves = must_move_ || (terms_.page_moves && static_cast<double>(c.live_bytes) >= wanted);
    for (std::uint32_t page = c.first_page; moves && page < c.end_page(); ++page) row_[page].set_moved(true);
  });
}

void Decision::update_whole_blocks() {
  whole_ = 0;
  if (block_pages_ < pages_per_huge_page || facts_.huge_page_bits == 0) return;
  for (std::uint32_t b = 0; b < blocks(); ++b) {
    if (!is_huge(b)) continue;
    const auto pages = row_.subspan(std::size_t{b} * block_pages_, block_pages_);
    const bool whole = std::ranges::all_of(pages, [](PageState p) { return p.is_moved(); });
    if (whole) whole_ = static_cast<std::uint16_t>(whole_ | (1u << b));
  }
}

// A cluster that is handed to copying may reach into the next block, which then is judged again.
void Decision::settle_blocks() {
  if (facts_.huge_page_bits == 0) return;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::uint32_t b = 0; b < blocks(); ++b) changed |= is_huge(b) && !is_whole(b) && settle_block(b);
    update_whole_blocks();
  }
}

bool Decision::settle_block(std::uint32_t block) {
  const std::uint32_t first = block * block_pages_;
  const Tally t = tally(first, first + block_pages_);
  if (t.pages == 0 || is_held_by_neighbour(block)) return false;
  const double moving =
      terms_.costs.split_huge_page + move_time(t.pages, false) + (t.series - 1) * move_time(0, false);
  if (moving <= terms_.costs.predict_copy(t.live_bytes, t.pages, false)) return false;
  copy_clusters(first, first + block_pages_);
  return true;
}

// A cluster that ties this block to a whole one stays a move, so this block is split anyway.
bool Decision::is_held_by_neighbour(std::uint32_t block) const {
  const auto ties = [&](std::uint32_t page) {
    return row_[page].is_moved() && row_[page].is_tied_to_previous();
  };
  if (block > 0 && is_whole(block - 1) && ties(block * block_pages_)) return true;
  return block + 1 < blocks() && is_whole(block + 1) && ties((block + 1) * block_pages_);
}

Tally Decision::tally(std::uint32_t first, std::uint32_t end) const {
  Tally t;
  for (std::uint32_t page = first; page < end; ++page) {
    if (!row_[page].is_moved()) continue;
    ++t.pages;
    t.live_bytes += row_[page].live_bytes();
    if (page == first || !row_[page - 1].is_moved()) ++t.series;
  }
  return t;
}

void Decision::copy_clusters(std::uint32_t first, std::uint32_t end) {
  for (std::uint32_t page = first; page < end; ++page) {
    if (!row_[page].is_moved()) continue;
    const Cluster c = cluster_around(row_, page);
    for (std::uint32_t i = c.first_page; i < c.end_page(); ++i) row_[i].set_moved(false);
  }
}

void Decision::settle_series() {
  const auto moved = [](PageState p) { return p.is_moved(); };
  for_each_series(row_, moved, [&](std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t b = first / block_pages_; b * block_pages_ < end; ++b) {
      if (is_whole(b)) return;
    }
    const Tally t = tally(first, end);
    if (move_time(t.pages, false) > terms_.costs.predict_copy(t.live_bytes, t.pages, false)) {
      copy_clusters(first, end);
    }
  });
}

void Decision::anchor_whole_blocks() {
  for (std::uint32_t b = 0; b < blocks(); ++b) {
    if (!is_whole(b)) continue;
    std::uint32_t first = b * block_pages_;
    std::uint32_t end = first + block_pages_;
    while (row_[first].is_tied_to_previous()) --first;
    while (end < row_.size() && row_[end].is_tied_to_previous()) ++end;
    for (std::uint32_t page = first; page < end; ++page) row_[page].set_anchored(true);
  }
}

Evacuation Decision::price() const {
  Evacuation e{.used_pages = facts_.used_pages, .whole_blocks = whole_, .movable = true};
  for (const PageState page : row_.first(facts_.used_pages)) {
    e.live_bytes += page.live_bytes();
    if (page.is_moved()) {
      ++e.moved_pages;
    } else {
      e.copied_bytes += page.live_bytes();
    }
  }
  const auto moved = [](PageState p) { return p.is_moved(); };
  for_each_series(row_, moved, [&](std::uint32_t first, std::uint32_t end) {
    for_each_move_part(first, end, whole_, [&](std::uint32_t from, std::uint32_t to, bool huge) {
      e.nanoseconds += move_time(to - from, huge);
    });
  });
  for (std::uint32_t b = 0; b < blocks(); ++b) {
    e.splits += is_huge(b) && !is_whole(b) && tally(b * block_pages_, (b + 1) * block_pages_).pages != 0;
  }
  e.nanoseconds += e.splits * terms_.costs.split_huge_page + terms_.costs.release_call +
                   terms_.costs.predict_copy(e.copied_bytes, e.used_pages - e.moved_pages, false);
  return e;
}

// What selection would turn away anyway.
bool stays(const RegionFacts& facts, std::span<const PageState> row, const EvacuationTerms& terms,
           Evacuation& e) {
  e.used_pages = facts.used_pages;
  for (const PageState page : row.first(facts.used_pages)) e.live_bytes += page.live_bytes();
  const double used_bytes = static_cast<double>(std::size_t{facts.used_pages} << page_shift);
  return e.live_bytes != 0 && static_cast<double>(e.live_bytes) >= terms.stays_from_live_share * used_bytes;
}

}  // namespace

Evacuation plan_evacuation(const RegionFacts& facts, std::span<PageState> row, const EvacuationTerms& terms) {
  if (Evacuation dense; stays(facts, row, terms, dense)) return dense;
  Decision decision(facts, row, terms);
  if (facts.content == RegionContent::Pinned) {
    Evacuation stays = decision.price();
    stays.movable = false;
    return stays;
  }
  decision.decide();
  decision.anchor_whole_blocks();
  Evacuation e = decision.price();
  const bool needs_page_moves = facts.content == RegionContent::Aligned && !e.is_empty();
  e.movable = terms.page_moves || !needs_page_moves;
  e.worthwhile =
      !needs_page_moves ||
      e.nanoseconds <= terms.costs.predict_copy(e.live_bytes, e.used_pages, false) + terms.costs.release_call;
  return e;
}

Evacuation plan_large_evacuation(const RegionFacts& facts, std::span<PageState> row, bool unit_is_live,
                                 const EvacuationTerms& terms) {
  Decision decision(facts, row, terms);
  if (unit_is_live) decision.move_all(facts.used_pages);
  Evacuation e = decision.price();
  e.movable = terms.page_moves || !unit_is_live;
  e.worthwhile = !unit_is_live;
  return e;
}

}  // namespace shunt
