// shunt-demo: the first whole path through Shunt, on the history of a real program.
//
// Exit: 0 when every object was verified, 1 when not, 2 when it could not be done.
#include <cstdio>
#include <exception>

#include "comparison.hpp"
#include "heap_svg.hpp"
#include "periodic.hpp"
#include "results_json.hpp"
#include "table.hpp"

namespace shunt::demo {
namespace {

int report(const Results& results, const Options& options) {
  std::fputs(table_of(results).c_str(), stdout);
  if (!options.json.empty()) write_file(options.json, to_json(results));
  if (results.all_verified()) return 0;
  std::fputs("shunt-demo: objects are damaged: this is a bug in Shunt\n", stderr);
  return 1;
}

int run(const Options& options) {
  Progress progress;
  const Comparison comparison =
      options.every != 0 ? compact_periodically(options, progress) : compare(options, progress);
  if (!options.svg.empty()) {
    write_file(options.svg, heap_svg(caption_of(comparison.results), comparison.before, comparison.after));
  }
  const int code = report(comparison.results, options);
  if (!options.svg.empty()) std::printf("\nmap of the heap before and after: %s\n", options.svg.c_str());
  return code;
}

}  // namespace
}  // namespace shunt::demo

int main(int argc, char** argv) {
  try {
    const auto options = shunt::demo::parse_options(argc, argv);
    return options ? shunt::demo::run(*options) : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shunt-demo: %s\n", error.what());
    return 2;
  }
}
