// One JSON object a report, through nlohmann::json.
#include "observe/report_json.hpp"

#include <nlohmann/json.hpp>

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;

Json by_reason(const std::array<std::uint64_t, reason_count>& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) json[name_of(static_cast<Reason>(i))] = counts[i];
  }
  return json;
}

Json movers(const MoveReport& report) {
  Json json = Json::object();
  for (std::size_t i = 0; i < mover_kind_count; ++i) {
    const MoverCounts& counts = report.movers[i];
    if (counts.spans == 0) continue;
    json[name_of(static_cast<MoverKind>(i))] = {{"spans", counts.spans},
                                                {"calls", counts.calls},
                                                {"bytes", counts.bytes},
                                                {"nanoseconds", counts.nanoseconds}};
  }
  return json;
}

Json phases(const PhaseTimes& t) {
  return {{"mark", t.mark}, {"plan", t.plan},       {"move", t.move},     {"copy", t.copy},
          {"fix", t.fix},   {"release", t.release}, {"verify", t.verify}, {"total", t.total()}};
}

}  // namespace

std::string to_json(const CompactionReport& r) {
  const Json json = {
      {"engine", engine_name(r.engine)},
      {"nanoseconds", phases(r.nanoseconds)},
      {"bytes_moved_by_page", r.bytes_moved_by_page},
      {"bytes_copied", r.bytes_copied},
      {"bytes_left", r.bytes_left},
      {"bytes_brought_back", r.bytes_brought_back},
      {"bytes_released_in_place", r.bytes_released_in_place},
      {"live_bytes", r.live_bytes},
      {"resident_before", r.resident_before},
      {"resident_after", r.resident_after},
      {"vmas_before", r.vmas_before},
      {"vmas_after", r.vmas_after},
      {"regions_selected", r.regions_selected},
      {"regions_freed", r.regions_freed},
      {"regions_filled", r.regions_filled},
      {"regions_returned", r.regions_returned},
      {"page_runs", r.page_runs},
      {"clusters_copied", r.clusters_copied},
      {"slots_fixed", r.slots_fixed},
      {"objects_verified", r.objects_verified},
      {"objects_damaged", r.objects_damaged},
      {"movers", movers(r.moves)},
      {"fallbacks", by_reason(r.moves.fallbacks)},
      {"left", by_reason(r.moves.left)},
      {"unshared_pages", r.moves.unshared_pages},
      {"dropped_zero_pages", r.moves.dropped_zero_pages},
      {"healed_bytes", r.moves.healed_bytes},
  };
  return json.dump(2);
}

}  // namespace shunt
