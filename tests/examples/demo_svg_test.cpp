// defrag.svg: well-formed whatever the program is called, every resident page drawn once, and a layout that
// fits.
#include <pugixml.hpp>
#include <random>
#include <sstream>
#include <string>

#include "heap_svg.hpp"
#include "map_cells.hpp"
#include "map_layout.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::demo;

namespace {

HeapMap random_map(std::size_t regions, std::size_t pages_per_region, std::mt19937_64& random) {
  HeapMap map;
  map.pages_per_region = pages_per_region;
  map.pages.resize(regions * pages_per_region);
  for (MapPage& page : map.pages) {
    page.resident = random() % 2 == 0;
    if (page.resident) page.live_bytes = static_cast<std::uint16_t>(random() % (page_bytes + 1));
  }
  return map;
}

// Area of the rectangles "Mx yhWvHh-Wz..." of all paths in cell colours, in pixels.
double drawn_area(const pugi::xml_document& document) {
  double area = 0;
  for (const pugi::xpath_node& node : document.select_nodes("//path[@fill-opacity]")) {
    std::istringstream path(node.node().attribute("d").value());
    char letter = 0;
    double x = 0, y = 0, width = 0, height = 0, back = 0;
    while (path >> letter >> x >> y >> letter >> width >> letter >> height >> letter >> back >> letter) {
      area += width * height;
    }
  }
  return area;
}

}  // namespace

TEST_CASE("the picture is XML, also when the program's name is not") {
  std::mt19937_64 random(testing::test_seed());
  const HeapMap map = random_map(7, 512, random);
  const std::string text = heap_svg({"sh -c 'a < b && \"c\" > d' \x01\xFF]]>", "<&>"}, map, map);
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size());
  INFO(parsed.description());
  REQUIRE(parsed);
  CHECK(std::string(document.document_element().name()) == "svg");
  CHECK(std::string(document.child("svg").child("title").text().get()).find("a < b && \"c\" > d") !=
        std::string::npos);
  for (const pugi::xpath_node& node : document.select_nodes("//text")) {
    CHECK(node.node().attribute("font-size").as_double() >= 11);
  }
}

TEST_CASE("every resident page of both maps is drawn, and no other") {
  INFO("seed " << testing::test_seed());
  std::mt19937_64 random(testing::test_seed());
  const HeapMap before = random_map(6, 512, random);
  HeapMap after = random_map(6, 512, random);
  after.pages.back().resident = true;
  const std::string text = heap_svg({"t", "s"}, before, after);
  pugi::xml_document document;
  REQUIRE(document.load_buffer(text.data(), text.size()));
  const MapLayout layout = layout_for(6, 512, 648, 600);
  REQUIRE(layout.pages_per_cell == 1);
  const double pages = static_cast<double>(before.resident_bytes() + after.resident_bytes()) / page_bytes;
  CHECK(drawn_area(document) == doctest::Approx(pages * layout.cell * layout.cell).epsilon(0.001));
}

TEST_CASE("an empty heap is a picture too") {
  HeapMap map;
  map.pages_per_region = 512;
  const std::string text = heap_svg({"t", "s"}, map, map);
  pugi::xml_document document;
  CHECK(document.load_buffer(text.data(), text.size()));
}

TEST_CASE("tiles fit the rectangle, from one region to a heap of a TiB") {
  for (const std::size_t pages_per_region : {64, 512, 8192}) {
    for (std::size_t regions = 1; regions <= (std::size_t{1} << 19); regions = regions * 3 + 1) {
      CAPTURE(regions);
      CAPTURE(pages_per_region);
      const MapLayout layout = layout_for(regions, pages_per_region, 648, 600);
      CHECK(layout.cell > 0);
      CHECK(layout.width() <= 648.01);
      CHECK(layout.height() <= 600.01);
      CHECK(layout.tile_columns * layout.tile_rows >= regions);
      CHECK(layout.cells_wide * layout.cells_high * layout.pages_per_cell == pages_per_region);
    }
  }
}

TEST_CASE("a cell says what its pages hold") {
  HeapMap map;
  map.pages_per_region = 4;
  map.pages = {{true, 4096}, {true, 0}, {false, 0}, {false, 0}};
  CHECK(cell_of(map, 0, 1) == MapCell{8, 4});  // all lives
  CHECK(cell_of(map, 1, 1) == MapCell{0, 4});  // waste
  CHECK(cell_of(map, 2, 1) == MapCell{0, 0});  // free
  CHECK(cell_of(map, 0, 2) == MapCell{4, 4});
  CHECK(cell_of(map, 0, 4) == MapCell{4, 2});
  map.pages[0].live_bytes = 1;
  CHECK(cell_of(map, 0, 1) == MapCell{1, 4});
}
