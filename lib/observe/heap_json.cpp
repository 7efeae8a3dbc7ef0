// One JSON object a heap, through nlohmann::json.
#include "observe/heap_json.hpp"

#include <nlohmann/json.hpp>

namespace shunt {
namespace {

using Json = nlohmann::ordered_json;

template <class Name, std::size_t n>
Json by_name(const std::uint32_t (&counts)[n]) {
  Json json = Json::object();
  for (std::size_t i = 0; i < n; ++i) {
    if (counts[i] != 0) json[name_of(static_cast<Name>(i))] = counts[i];
  }
  return json;
}

Json epochs(const EpochStatistics& e) {
  Json stalled = nullptr;
  if (e.stalled_slot != EpochStatistics::nobody) {
    stalled = {{"name", e.stalled_name}, {"slot", e.stalled_slot}, {"epoch", e.stalled_epoch}};
  }
  return {{"readers", e.readers},           {"inside", e.inside},
          {"oldest_epoch", e.oldest_epoch}, {"waiting_regions", e.waiting_regions},
          {"stalled_reader", stalled},      {"process_barrier", e.asymmetric}};
}

}  // namespace

std::string to_json(const HeapStatistics& s) {
  const Json json = {{"states", by_name<RegionState>(s.regions.by_state)},
                     {"kinds", by_name<RegionKind>(s.regions.by_kind)},
                     {"live_bytes", s.regions.live_bytes},
                     {"top_bytes", s.regions.top_bytes},
                     {"epochs", epochs(s.epochs)}};
  // A reader's name is the embedder's bytes, cut at 15.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace shunt
