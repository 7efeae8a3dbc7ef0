// Draws the tiles of both maps with one scale, a legend and the figures in words.
#include "heap_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "map_cells.hpp"
#include "map_layout.hpp"
#include "text.hpp"

namespace shunt::demo {
namespace {

constexpr double page_width = 1400;
constexpr double margin = 36;
constexpr double panel_width = 648;
constexpr double panel_height = 600;
constexpr double map_top = 168;
constexpr double legend_height = 92;

// Viridis, light to dark.
constexpr std::array<const char*, map_levels> colours = {
    "#fde725", "#b5de2b", "#6ece58", "#35b779", "#1f9e89", "#26828e", "#31688e", "#3e4989", "#440154"};
constexpr const char* free_colour = "#f3f3f0";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      // What XML or ASCII has no place for; commands are shown, not run.
      out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F ? '?' : c;
    }
  }
  return out;
}

std::string text_at(double x, double y, double size, const std::string& text, const char* more = "") {
  return fmt::format("<text x=\"{:g}\" y=\"{:g}\" font-size=\"{:g}\" {}>{}</text>\n", x, y, size, more,
                     escaped(text));
}

std::string box(double x, double y, double width, double height, const std::string& fill,
                const char* more = "") {
  return fmt::format("<rect x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\" fill=\"{}\" {}/>\n", x, y,
                     width, height, fill, more);
}

// All cells of one look are one path; neighbours in a line are one rectangle of it.
class Cells {
 public:
  void add(MapCell cell, double x, double y, double width, double height) {
    if (cell.share == 0) return;
    paths_[cell.level][cell.share - 1u] +=
        fmt::format("M{:g} {:g}h{:g}v{:g}h-{:g}z", x, y, width, height, width);
  }
  std::string text() const {
    std::string out;
    for (unsigned level = 0; level < map_levels; ++level) {
      for (unsigned share = 0; share < map_shares; ++share) {
        if (paths_[level][share].empty()) continue;
        const double opacity = static_cast<double>(share + 1) / map_shares;
        out += fmt::format("<path fill=\"{}\" fill-opacity=\"{:g}\" d=\"{}\"/>\n", colours[level], opacity,
                           paths_[level][share]);
      }
    }
    return out;
  }

 private:
  std::array<std::array<std::string, map_shares>, map_levels> paths_;
};

void add_line(Cells& cells, const HeapMap& map, const MapLayout& layout, std::size_t first_page, double x,
              double y) {
  const auto at = [&](std::size_t i) {
    return cell_of(map, first_page + i * layout.pages_per_cell, layout.pages_per_cell);
  };
  for (std::size_t i = 0; i < layout.cells_wide;) {
    const MapCell cell = at(i);
    std::size_t end = i + 1;
    while (end < layout.cells_wide && at(end) == cell) ++end;
    cells.add(cell, x + static_cast<double>(i) * layout.cell, y, static_cast<double>(end - i) * layout.cell,
              layout.cell);
    i = end;
  }
}

// `regions` tiles at (left, top); those that this map does not have are drawn free.
std::string draw_map(const HeapMap& map, std::size_t regions, const MapLayout& layout, double left,
                     double top) {
  std::string tiles;
  Cells cells;
  for (std::size_t r = 0; r < regions; ++r) {
    const double x = left + static_cast<double>(r % layout.tile_columns) * layout.tile_width();
    const double y = top + static_cast<double>(r / layout.tile_columns) * layout.tile_height();
    tiles += fmt::format("M{:g} {:g}h{:g}v{:g}h-{:g}z", x, y, layout.tile_width() - layout.gap,
                         layout.tile_height() - layout.gap, layout.tile_width() - layout.gap);
    if (r >= map.regions()) continue;  // the other map has more
    for (std::size_t line = 0; line < layout.cells_high; ++line) {
      const std::size_t page = r * map.pages_per_region + line * layout.cells_wide * layout.pages_per_cell;
      add_line(cells, map, layout, page, x, y + static_cast<double>(line) * layout.cell);
    }
  }
  return fmt::format("<g shape-rendering=\"crispEdges\">\n<path fill=\"{}\" d=\"{}\"/>\n{}</g>\n",
                     free_colour, tiles, cells.text());
}

// Heading of a panel and, under it, live within resident within the most that was resident.
std::string draw_heading(const char* name, const HeapMap& map, std::uint64_t most, double left) {
  const std::uint64_t live = map.live_bytes();
  const std::uint64_t resident = map.resident_bytes();
  const auto width = [&](std::uint64_t bytes) {
    return panel_width * static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(most, 1));
  };
  const double percent =
      resident == 0 ? 100 : 100 * static_cast<double>(live) / static_cast<double>(resident);
  std::string out = text_at(left, 118, 18, name, "font-weight=\"bold\"");
  out += text_at(left + panel_width, 118, 15,
                 fmt::format("{} live in {} resident ({:.0f} %)", trace::bytes_text(live),
                             trace::bytes_text(resident), percent),
                 "text-anchor=\"end\"");
  out += box(left, 130, panel_width, 16, free_colour);
  out += box(left, 130, width(resident), 16, colours[0]);
  out += box(left, 130, width(live), 16, colours[map_levels - 1]);
  return out;
}

std::string draw_legend(const MapLayout& layout, std::size_t pages_per_region, double top) {
  std::string out = text_at(margin, top + 14, 13, "live share of a page in memory:");
  double x = margin + 216;
  for (unsigned level = 0; level < map_levels; ++level, x += 62) {
    out += box(x, top, 62, 18, colours[level]);
    const std::string label = level == 0 ? "0 %" : fmt::format("to {} %", (level * 25 + 1) / 2);
    out += text_at(x + 31, top + 34, 12, label, "text-anchor=\"middle\"");
  }
  out += box(x + 24, top, 62, 18, free_colour, "stroke=\"#c8c8c4\"");
  out += text_at(x + 55, top + 34, 12, "free", "text-anchor=\"middle\"");
  const std::size_t pages = layout.pages_per_cell;
  std::string text = fmt::format(
      "One cell: {} ({}). One tile: a region of {}. Addresses rise to the right, then down; both maps show "
      "the same "
      "addresses.{}",
      pages == 1 ? "one page" : fmt::format("{} pages", pages), trace::bytes_text(pages * page_bytes),
      trace::bytes_text(pages_per_region * page_bytes),
      pages == 1 ? "" : " Paler: a part of the cell is free.");
  return out + text_at(margin, top + 66, 13, text);
}

// Up to the last region that has anything in memory.
std::size_t regions_in_use(const HeapMap& map) {
  std::size_t pages = map.pages.size();
  while (pages != 0 && !map.pages[pages - 1].resident) --pages;
  return pages == 0 ? 0 : (pages - 1) / map.pages_per_region + 1;
}

}  // namespace

std::string heap_svg(const Caption& caption, const HeapMap& before, const HeapMap& after) {
  const std::size_t regions = std::max({regions_in_use(before), regions_in_use(after), std::size_t{1}});
  const std::size_t pages_per_region = std::max<std::size_t>(before.pages_per_region, 1);
  const MapLayout layout = layout_for(regions, pages_per_region, panel_width, panel_height);
  const double right = page_width - margin - panel_width;
  const double legend_top = map_top + layout.height() + 28;
  const double height = legend_top + legend_height;
  const std::uint64_t most = std::max(before.resident_bytes(), after.resident_bytes());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" viewBox=\"0 0 {0:g} "
      "{1:g}\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\" fill=\"#1c1c28\">\n"
      "<title>{2}</title>\n",
      page_width, height, escaped(caption.title));
  out += box(0, 0, page_width, height, "#ffffff");
  out += text_at(margin, 44, 22, caption.title, "font-weight=\"bold\"");
  out += text_at(margin, 70, 14, caption.subtitle, "fill=\"#50505c\"");
  out += draw_heading("before", before, most, margin) + draw_heading("after", after, most, right);
  out +=
      draw_map(before, regions, layout, margin, map_top) + draw_map(after, regions, layout, right, map_top);
  return out + draw_legend(layout, pages_per_region, legend_top) + "</svg>\n";
}

}  // namespace shunt::demo
