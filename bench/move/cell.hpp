// One cell of the `move` benchmark: how long the runs are, how many, and who runs meanwhile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
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

// Live bytes of a cell of many runs: 32 MiB, or SHUNT_BENCH_LIVE_MIB. With the gaps and the destination three
// times as much is touched: at 32 MiB many times the second-level cache, but less than the last-level cache
// of a large server, where a heap that needs compacting rarely fits. Reads the environment.
inline std::size_t live_bytes_a_cell() {
  const char* given = std::getenv("SHUNT_BENCH_LIVE_MIB");
  const std::size_t mebibytes = given != nullptr ? std::strtoull(given, nullptr, 10) : 0;
  return std::max<std::size_t>(mebibytes != 0 ? mebibytes : 32, 2) << 20;
}

inline Cell small_pages_cell(std::size_t pages, bool mutator_runs) {
  const std::size_t bytes = pages * page_bytes;
  return {"pages:" + std::to_string(pages), bytes, live_bytes_a_cell() / bytes, false, mutator_runs};
}

inline std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const bool running : {false, true}) {
    for (const std::size_t pages : {1, 2, 4, 16, 64, 512}) cells.push_back(small_pages_cell(pages, running));
    cells.push_back({"huge:2MiB", huge_page_bytes, live_bytes_a_cell() / huge_page_bytes, true, running});
    cells.push_back({"huge:64MiB", 32 * huge_page_bytes, 1, true, running});
  }
  return cells;
}

}  // namespace shunt::bench
