// The command line, through CLI11.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "failure.hpp"

namespace shunt::demo {
namespace {

constexpr std::uint64_t least_limit = std::uint64_t{16} << 20;
constexpr std::uint64_t greatest_limit = std::uint64_t{1} << 40;

// Room for the limit several times over: evacuation needs fresh addresses, and a heap that is hardly used
// costs nothing. Less is taken where the host allows no more.
void make_room(HeapOptions& heap, std::uint64_t limit) {
  heap.maximum_bytes = std::max(align_up(limit, heap.region_bytes) * 4, std::size_t{64} << 30);
  heap.minimum_bytes = align_up(limit, heap.region_bytes) * 2;
}

void describe(CLI::App& app, Options& options) {
  app.add_option("trace", options.trace, "A recorded history (./dev record); without it the bundled one")
      ->type_name("TRACE");
  app.add_option("--json", options.json, "Write the results for programs")->type_name("FILE");
  app.add_option("--svg", options.svg, "Write the map of the heap before and after")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--every", options.every,
                 "Compact every N operations instead of comparing at the worst point")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, ~std::uint64_t{0} >> 1));
  app.add_option("--repeat", options.repeat, "Interleaved rounds of the comparison")
      ->type_name("N")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  app.add_option("--limit", options.limit, "Bytes that the heap may hold at most, as 512MiB or 4GiB")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false));
  app.footer("SHUNT_ENGINE=relocate|remap|copy chooses how pages move; unset: the best there is.");
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{"Replays a recorded program into a heap, compacts it and shows what was won.", "shunt-demo"};
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Failure(std::string(error.what()) + "; shunt-demo --help lists what there is");
  }
  if (options.trace.empty()) options.trace = SHUNT_BUNDLED_TRACE;
  if (options.limit < least_limit || options.limit > greatest_limit) {
    throw Failure("--limit " + std::to_string(options.limit) + ": give 16MiB to 1TiB");
  }
  const Result<HeapOptions> heap = with_environment(options.heap);
  // The library's error cannot hold the value: it is static text.
  if (!heap) {
    throw Failure(std::string(engine_variable) + "=" + std::getenv(engine_variable) + ": " +
                  heap.error().advice);
  }
  options.heap = heap.value();
  make_room(options.heap, options.limit);
  return options;
}

}  // namespace shunt::demo
