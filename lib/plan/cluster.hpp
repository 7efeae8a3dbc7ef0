// Clusters: the planner's atoms. A cluster is a maximal series of consecutive pages tied by live objects that
// cross the page borders inside it; it moves whole or is copied whole, and lies in one destination region.
//
// Cutting reads a row of page states only. Pages with no live granule belong to no cluster.
#pragma once

#include "plan/page_occupancy.hpp"

namespace shunt {

struct Cluster {
  std::uint32_t first_page = 0;  // within the region
  std::uint32_t pages = 0;       // 0: there is none
  std::uint32_t live_bytes = 0;

  constexpr std::uint32_t end_page() const { return first_page + pages; }
  constexpr bool operator==(const Cluster&) const = default;
};

// The first cluster that starts at or behind `page`; `page` is not inside of one. O(pages passed).
inline Cluster next_cluster(std::span<const PageState> row, std::uint32_t page) {
  const auto row_end = static_cast<std::uint32_t>(row.size());
  while (page < row_end && !row[page].is_live()) ++page;
  Cluster found{page, 0, 0};
  if (page == row_end) return found;
  do {
    found.live_bytes += row[page].live_bytes();
    ++page;
  } while (page < row_end && row[page].is_tied_to_previous());
  found.pages = page - found.first_page;
  return found;
}

// The cluster around a live page. O(its pages).
Cluster cluster_around(std::span<const PageState> row, std::uint32_t page);

// How many of the pages [first, first + pages) can be taken, at most `limit`, without cutting a cluster.
std::uint32_t pages_without_cut(std::span<const PageState> row, std::uint32_t first, std::uint32_t pages,
                                std::uint32_t limit);

// Calls visit(Cluster) for each cluster of the row, in address order.
template <class Visit>
void for_each_cluster(std::span<const PageState> row, Visit&& visit) {
  for (Cluster c = next_cluster(row, 0); c.pages != 0; c = next_cluster(row, c.end_page())) visit(c);
}

}  // namespace shunt
