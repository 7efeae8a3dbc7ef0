// How a heap map fits a rectangle: every region is a tile, a tile is a grid of cells, a cell is one page or a
// power of two of neighbouring pages.
//
// Pure arithmetic. Tiles follow one another as addresses do, line by line; so do cells in a tile.
#pragma once

#include <cstddef>

namespace shunt::demo {

struct MapLayout {
  std::size_t pages_per_cell = 1;
  std::size_t cells_wide = 0;  // of a tile
  std::size_t cells_high = 0;
  std::size_t tile_columns = 1;
  std::size_t tile_rows = 1;
  double cell = 0;  // side in pixels
  double gap = 3;   // between tiles

  double tile_width() const { return cell * static_cast<double>(cells_wide) + gap; }
  double tile_height() const { return cell * static_cast<double>(cells_high) + gap; }
  double width() const { return tile_width() * static_cast<double>(tile_columns) - gap; }
  double height() const { return tile_height() * static_cast<double>(tile_rows) - gap; }
};

// The finest one whose cells can be told apart, as large as fits. `pages_per_region` is a power of two; there
// is at least one region. A heap of so many regions that even one cell each is too much gets smaller cells.
MapLayout layout_for(std::size_t regions, std::size_t pages_per_region, double width, double height);

}  // namespace shunt::demo
