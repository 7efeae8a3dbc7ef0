// One pass over the mark words of the used pages.
//
// A region's first page is never tied to the region before: only large objects cross a region's border, and
// those are moved as units.
#include "plan/page_occupancy.hpp"

namespace shunt {
namespace {

bool is_set(std::span<const std::uint64_t> bits, std::uint64_t i) {
  return ((bits[i / 64] >> (i % 64)) & 1) != 0;
}

// `words` is a compile-time constant so that the bit count is unrolled.
template <std::size_t words>
void measure_row(const MarkBitmap& marks, std::span<const std::uint64_t> object_starts, PageIndex first,
                 std::span<PageState> used) {
  const unsigned granule_shift = marks.geometry().granule_shift;
  const std::uint64_t* at = marks.words_of(first);
  // Branch-free: whether pages are tied is as good as random. Without starts a word of zeros is read again
  // and again.
  const std::uint64_t nothing_starts = 0;
  const std::size_t stride = object_starts.empty() ? 0 : words;
  const std::uint64_t* start = object_starts.empty() ? &nothing_starts : &object_starts[value(first) * words];
  std::uint64_t last_of_previous = 0;
  for (std::size_t i = 0; i < used.size(); ++i, at += words, start += stride) {
    const bool tied = ((last_of_previous >> 63) & at[0] & ~*start & 1) != 0;
    used[i] = PageState(static_cast<std::uint32_t>(count_bits(at, words) << granule_shift), tied);
    last_of_previous = at[words - 1];
  }
}

}  // namespace

bool is_tied_to_previous(const MarkBitmap& marks, std::span<const std::uint64_t> object_starts,
                         PageIndex page) {
  const std::uint64_t granule = value(page) * marks.geometry().granules_per_page();
  if (granule == 0 || !is_set(marks.words(), granule - 1) || !is_set(marks.words(), granule)) return false;
  return object_starts.empty() || !is_set(object_starts, granule);
}

Result<PageOccupancy> PageOccupancy::measure(const MarkBitmap& marks,
                                             std::span<const std::uint64_t> object_starts,
                                             std::span<const RegionFacts> facts, Arena& arena) {
  const HeapGeometry& geometry = marks.geometry();
  if (!object_starts.empty()) SHUNT_CHECK(object_starts.size(), >=, MarkBitmap::words_needed(geometry));
  PageOccupancy pages;
  pages.row_pages_ = geometry.pages_per_region();
  pages.states_ = arena.allocate_array<PageState>(facts.size() * pages.row_pages_);
  if (pages.states_.empty() && !facts.empty()) return Error{"plan", 0, "give the planner a larger arena"};
  for (std::size_t i = 0; i < facts.size(); ++i) {
    SHUNT_CHECK(facts[i].used_pages, <=, pages.row_pages_);
    const auto used = pages.row(i).first(facts[i].used_pages);
    const PageIndex first = geometry.first_page_of(facts[i].region);
    geometry.granules_per_page() == 256 ? measure_row<4>(marks, object_starts, first, used)
                                        : measure_row<8>(marks, object_starts, first, used);
  }
  return pages;
}

}  // namespace shunt
