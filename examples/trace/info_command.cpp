// `shunt-trace info`, `verify` and `cut`: what is in a trace.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <filesystem>

#include "commands.hpp"
#include "text.hpp"
#include "trace_reader.hpp"
#include "trace_writer.hpp"

namespace shunt::trace {
namespace {

struct SizeClass {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};
// Class 0 holds size 0; class k the sizes up to 2 to the power k - 1 that no smaller class holds.
using Histogram = std::array<SizeClass, 66>;

std::size_t class_of(std::uint64_t bytes) {
  return bytes == 0 ? 0 : static_cast<std::size_t>(std::bit_width(bytes - 1)) + 1;
}

void print_header(const std::string& path, const Header& header) {
  const Totals& totals = header.totals;
  fmt::print("trace         {} ({})\n", path, bytes_text(std::filesystem::file_size(path)));
  fmt::print("command       {}\n", header.command);
  fmt::print("recorded      {} on {}\n", date_text(header.recorded_seconds), header.kernel);
  if (header.forked) fmt::print("              from a fork on: what the process inherited is not in it\n");
  fmt::print("events        {}: {} allocations, {} reallocations, {} frees, by {} thread{}\n",
             count_text(totals.events), count_text(totals.objects), count_text(totals.reallocations),
             count_text(totals.frees), totals.threads, totals.threads == 1 ? "" : "s");
  fmt::print("allocated     {} in all, the largest object {}\n", bytes_text(totals.allocated_bytes),
             bytes_text(totals.largest_bytes));
  fmt::print("peak live     {} at event {}; {} objects at most\n", bytes_text(totals.peak_live_bytes),
             count_text(totals.peak_event), count_text(totals.peak_live_objects));
  fmt::print("never freed   {} in {} objects\n", bytes_text(totals.end_live_bytes),
             count_text(totals.objects - totals.frees));
  if (header.unknown_frees + header.implied_frees != 0) {
    fmt::print("repaired      {} frees of objects from before recording left out, {} unseen frees put in\n",
               count_text(header.unknown_frees), count_text(header.implied_frees));
  }
}

Histogram count_sizes(Reader& reader) {
  Histogram histogram{};
  Event event;
  while (reader.next(event)) {
    if (event.kind != EventKind::allocate) continue;
    SizeClass& size_class = histogram[class_of(event.bytes)];
    ++size_class.objects;
    size_class.bytes += event.bytes;
  }
  return histogram;
}

void print_histogram(const Histogram& histogram) {
  std::uint64_t most = 1;
  for (const SizeClass& size_class : histogram) most = std::max(most, size_class.objects);
  fmt::print("\n{:>10}  {:>12}  {:>10}\n", "size up to", "allocations", "bytes");
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    const SizeClass& size_class = histogram[i];
    if (size_class.objects == 0) continue;
    const std::uint64_t upper = i == 0 ? 0 : std::uint64_t{1} << (i - 1);
    fmt::print("{:>10}  {:>12}  {:>10}  {}\n", bytes_text(upper), count_text(size_class.objects),
               bytes_text(size_class.bytes),
               std::string(static_cast<std::size_t>(size_class.objects * 40 / most), '#'));
  }
}

}  // namespace

int info_command(const std::string& trace) {
  Reader reader = Reader::open(trace);
  print_header(trace, reader.header());
  print_histogram(count_sizes(reader));
  return 0;
}

int verify_command(const std::string& trace) {
  const Header header = verify(trace);
  fmt::print("{}: sound, {} events\n", trace, count_text(header.totals.events));
  return 0;
}

int cut_command(const std::string& trace, const std::string& out, std::uint64_t events) {
  Reader reader = Reader::open(trace);
  Writer writer(out, reader.header());
  Event event;
  for (std::uint64_t i = 0; i < events && reader.next(event); ++i) writer.append(event);
  const Header header = writer.finish();
  fmt::print("{}: {} of {} events, {}\n", out, count_text(header.totals.events),
             count_text(reader.header().totals.events), bytes_text(std::filesystem::file_size(out)));
  return 0;
}

}  // namespace shunt::trace
