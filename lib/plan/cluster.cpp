// Cutting a row of page states into clusters.
//
// Needs nothing but the live bytes and the tied bit of each page.
#include "plan/cluster.hpp"

namespace shunt {

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
