// Finds the largest cell with which all tiles fit.
#include "map_layout.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace shunt::demo {
namespace {

constexpr double smallest_cell = 3;
constexpr double largest_cell = 12;

// With this many tiles in a line; cell 0 when it does not fit.
MapLayout with_columns(MapLayout layout, std::size_t columns, std::size_t regions, double width,
                       double height) {
  layout.tile_columns = columns;
  layout.tile_rows = (regions + columns - 1) / columns;
  const auto fits = [&](std::size_t tiles, std::size_t cells, double room) {
    return (room + layout.gap - static_cast<double>(tiles) * layout.gap) / static_cast<double>(tiles * cells);
  };
  const double cell = std::min({fits(columns, layout.cells_wide, width),
                                fits(layout.tile_rows, layout.cells_high, height), largest_cell});
  layout.cell = std::max(std::floor(cell * 4) / 4, 0.0);
  return layout;
}

MapLayout largest(std::size_t regions, std::size_t cells, double width, double height) {
  MapLayout shape;
  const auto log = static_cast<unsigned>(std::countr_zero(cells));
  shape.cells_wide = std::size_t{1} << (log + 1) / 2;
  shape.cells_high = cells / shape.cells_wide;
  // Cells so small need no gaps between their tiles.
  if (cells <= 4) shape.gap = 1;
  MapLayout best = shape;
  for (std::size_t columns = 1; columns <= regions; ++columns) {
    const MapLayout layout = with_columns(shape, columns, regions, width, height);
    if (layout.cell >= best.cell) best = layout;  // of equal ones the widest
  }
  return best;
}

}  // namespace

MapLayout layout_for(std::size_t regions, std::size_t pages_per_region, double width, double height) {
  MapLayout layout;
  for (std::size_t pages = 1; pages <= pages_per_region; pages *= 2) {
    layout = largest(regions, pages_per_region / pages, width, height);
    layout.pages_per_cell = pages;
    if (layout.cell >= smallest_cell) break;
  }
  if (layout.cell == 0) {
    layout.gap = 0;
    layout.tile_columns = static_cast<std::size_t>(
        std::max(1.0, std::ceil(std::sqrt(static_cast<double>(regions) * width / height))));
    layout.tile_rows = (regions + layout.tile_columns - 1) / layout.tile_columns;
    layout.cell = std::min(width / static_cast<double>(layout.tile_columns * layout.cells_wide),
                           height / static_cast<double>(layout.tile_rows * layout.cells_high));
  }
  return layout;
}

}  // namespace shunt::demo
