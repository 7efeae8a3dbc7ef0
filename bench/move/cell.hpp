// One cell of the `move` benchmark: how long the runs are, how many, and who runs meanwhile.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace shunt::bench {

struct Cell {
  std::string size_name;  // "pages:16", "huge:2MiB"
  std::size_t run_bytes = 0;
  std::size_t runs = 0;
  bool huge = false;          // made of transparent huge pages
  bool mutator_runs = false;  // one thread computes on another CPU

  std::size_t live_bytes() const { return run_bytes * runs; }
  std::size_t pages() const { return live_bytes() / page_bytes; }
  std::string name() const { return std::string(mutator_runs ? "running/" : "parked/") + size_name; }
};

// With the destination 64 MiB are touched: many times the second-level cache, and a round of all contenders
// still takes about a second. The last-level cache of a large machine may hold it.
inline constexpr std::size_t live_bytes_a_cell = std::size_t{32} << 20;

inline Cell small_pages_cell(std::size_t pages, bool mutator_runs) {
  const std::size_t bytes = pages * page_bytes;
  return {"pages:" + std::to_string(pages), bytes, live_bytes_a_cell / bytes, false, mutator_runs};
}

inline std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const bool running : {false, true}) {
    for (const std::size_t pages : {1, 2, 4, 16, 64, 512}) cells.push_back(small_pages_cell(pages, running));
    cells.push_back({"huge:2MiB", huge_page_bytes, live_bytes_a_cell / huge_page_bytes, true, running});
    cells.push_back({"huge:64MiB", 32 * huge_page_bytes, 1, true, running});
  }
  return cells;
}

}  // namespace shunt::bench
