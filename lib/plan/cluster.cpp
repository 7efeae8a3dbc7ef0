// Cutting a row of page states into clusters.
//
// Needs nothing but the live bytes and the tied bit of each page.
#include "plan/cluster.hpp"

namespace shunt {

Cluster next_cluster(std::span<const PageState> row, std::uint32_t page) {
  while (page < row.size() && !row[page].is_live()) ++page;
  Cluster found{page, 0, 0};
  if (page == row.size()) return found;
  do {
    found.live_bytes += row[page].live_bytes();
    ++found.pages;
    ++page;
  } while (page < row.size() && row[page].is_tied_to_previous());
  return found;
}

Cluster cluster_around(std::span<const PageState> row, std::uint32_t page) {
  while (row[page].is_tied_to_previous()) --page;
  return next_cluster(row, page);
}

std::uint32_t pages_without_cut(std::span<const PageState> row, std::uint32_t first, std::uint32_t pages,
                                std::uint32_t limit) {
  if (pages <= limit) return pages;
  while (limit > 0 && row[first + limit].is_tied_to_previous()) --limit;
  return limit;
}

}  // namespace shunt
