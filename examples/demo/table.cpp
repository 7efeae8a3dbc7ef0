// The results as one table of at most 100 columns.
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "text.hpp"

namespace shunt::demo {
namespace {

constexpr std::size_t columns = 12;
constexpr std::size_t widest = 100;
constexpr std::size_t longest_command = 78;
using Row = std::array<std::string, columns>;

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 20));
}

Row row_of(const Run& run, double ratio) {
  const CompactionReport& r = run.median().report;
  const Verification& v = run.median().verification;
  return {run.name,
          fmt::format("{:.2f}", run.seconds() * 1e3),
          fmt::format("{:.2f}", static_cast<double>(r.nanoseconds.release) / 1e6),
          ratio == 0 ? "-" : fmt::format("{:.2f}x", ratio),
          mebibytes(r.live_bytes),
          mebibytes(r.resident_before),
          mebibytes(r.resident_after),
          trace::count_text(r.vmas_before),
          trace::count_text(r.vmas_after),
          v.all() ? trace::count_text(v.verified)
                  : fmt::format("{} of {}", trace::count_text(v.verified), trace::count_text(v.total)),
          mebibytes(r.bytes_moved_by_page),
          mebibytes(r.bytes_copied)};
}

std::string aligned(const std::vector<Row>& rows) {
  std::array<std::size_t, columns> widths{};
  std::size_t sum = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    for (const Row& row : rows) widths[c] = std::max(widths[c], row[c].size());
    sum += widths[c];
  }
  const std::size_t gap = sum + 2 * (columns - 1) <= widest ? 2 : 1;
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t c = 1; c < columns; ++c) text += fmt::format("{:>{}}", row[c], widths[c] + gap);
    text += '\n';
  }
  return text;
}

std::string shortened(const std::string& text) {
  return text.size() <= longest_command ? text : text.substr(0, longest_command - 3) + "...";
}

std::string heap_of(const Results& results) {
  const std::string total = trace::count_text(results.recorded.totals.events);
  if (results.every != 0) {
    return fmt::format("compacted every {} of {} operations", trace::count_text(results.every), total);
  }
  return fmt::format("{} objects after {} of {} operations, where fragmentation is worst: {:.2f}x",
                     trace::count_text(results.objects_total()),
                     trace::count_text(results.search.worst.events), total, results.search.worst.ratio());
}

std::string heading(const Results& results) {
  return fmt::format("trace    {}\nprogram  {}\nkernel   {}, engine {}\nheap     {}\n\n", results.trace,
                     shortened(results.recorded.command), results.kernel, results.engine, heap_of(results));
}

}  // namespace

Caption caption_of(const Results& results) {
  const Run& run = results.runs.front();
  return {"The heap of: " + shortened(results.recorded.command),
          fmt::format("compacted by moving {} MiB as pages and copying {} MiB, in {:.1f} ms; {}, engine {}",
                      mebibytes(run.median().report.bytes_moved_by_page),
                      mebibytes(run.median().report.bytes_copied), run.seconds() * 1e3, results.kernel,
                      results.engine)};
}

std::string table_of(const Results& results) {
  std::vector<Row> rows;
  rows.push_back(
      {"", "time", "of it", "", "live", "resident", "MiB", "VMAs", "", "objects", "moved", "copied"});
  rows.push_back({"", "ms", "release", "speed-up", "MiB", "before", "after", "before", "after", "verified",
                  "MiB", "MiB"});
  for (const Run& run : results.runs) rows.push_back(row_of(run, results.ratio_vs_memset_copy(run)));
  std::string text = heading(results) + aligned(rows);
  if (!results.notes.empty()) text += '\n';
  for (const std::string& note : results.notes) text += "note: " + note + '\n';
  return text;
}

}  // namespace shunt::demo
