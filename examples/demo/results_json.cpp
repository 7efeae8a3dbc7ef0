// The results as one JSON document.
#include "results_json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "observe/report_json.hpp"

namespace shunt::demo {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Run& run, double ratio) {
  const CompactionReport& r = run.median().report;
  Json rounds = Json::array();
  for (const Round& round : run.rounds) rounds.push_back(static_cast<double>(round.nanoseconds) / 1e9);
  return {{"name", run.name},
          {"seconds", run.seconds()},
          {"ratio_vs_memset_copy", ratio == 0 ? Json() : Json(ratio)},
          {"live_bytes", r.live_bytes},
          {"resident_before", r.resident_before},
          {"resident_after", r.resident_after},
          {"vmas_before", r.vmas_before},
          {"vmas_after", r.vmas_after},
          {"bytes_moved_by_page", r.bytes_moved_by_page},
          {"bytes_copied", r.bytes_copied},
          {"runs_refused", run.median().runs_refused},
          {"seconds_by_round", std::move(rounds)},
          {"report", Json::parse(shunt::to_json(r))}};
}

std::uint64_t contents_of(const Results& results) {
  return results.runs.empty() ? 0 : results.runs.front().rounds.front().verification.contents;
}

}  // namespace

std::string to_json(const Results& results) {
  Json json = {{"objects_total", results.objects_total()},
               {"objects_verified", results.objects_verified()},
               {"contents", fmt::format("{:016x}", contents_of(results))},
               {"trace", results.trace},
               {"program", results.recorded.command},
               {"kernel", results.kernel},
               {"engine", results.engine},
               {"operations_total", results.recorded.totals.events},
               {"operations_replayed", results.search.worst.events},
               {"compacted_every", results.every},
               {"limit_reached", results.search.limit_reached},
               {"notes", results.notes}};
  Json runs = Json::array();
  for (const Run& run : results.runs) runs.push_back(json_of(run, results.ratio_vs_memset_copy(run)));
  json["runs"] = std::move(runs);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Failure(path + ": cannot be written: " + std::strerror(errno));
}

}  // namespace shunt::demo
