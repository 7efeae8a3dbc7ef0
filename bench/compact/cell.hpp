// One cell of the `compact` benchmark: what the heap looks like before it is compacted.
//
//   pages   every object is one page; runs of live and of dead pages of geometric length, the same mean
//   small   objects of 16 to 256 bytes, each alive with the same probability, whatever its neighbours
//   trace   the bundled history of a real program, where its fragmentation is worst
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shunt::bench {

enum class Shape : std::uint8_t { Pages, Small, Trace };

struct Cell {
  std::string name;  // "256MiB/run:16"
  Shape shape = Shape::Pages;
  std::size_t heap_bytes = 0;  // allocated before anything dies
  unsigned mean_run = 0;       // Pages: of live pages, and of dead ones
  unsigned live_percent = 0;   // Small
  unsigned rounds = 5;         // that count
  bool warms_up = true;        // one round before, not counted
};

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

inline void add_synthetic_cells(std::size_t heap_bytes, const std::string& prefix, unsigned rounds,
                                bool warms_up, std::vector<Cell>& cells) {
  for (const unsigned run : {1u, 4u, 16u, 128u}) {
    cells.push_back(
        {prefix + "run:" + std::to_string(run), Shape::Pages, heap_bytes, run, 50, rounds, warms_up});
  }
  for (const unsigned live : {30u, 60u, 90u}) {
    cells.push_back(
        {prefix + "small:" + std::to_string(live), Shape::Small, heap_bytes, 0, live, rounds, warms_up});
  }
}

// `quick`: without the heaps of 4 GiB. A heap that big fills no cache, so it needs no round to warm up.
inline std::vector<Cell> all_cells(bool quick) {
  std::vector<Cell> cells;
  add_synthetic_cells(256 * mebibyte, "256MiB/", 5, true, cells);
  if (!quick) add_synthetic_cells(4096 * mebibyte, "4GiB/", 3, false, cells);
  cells.push_back({"trace", Shape::Trace, 0, 0, 0, 5, true});
  return cells;
}

}  // namespace shunt::bench
