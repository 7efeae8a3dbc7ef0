// What a compaction says about itself: as JSON it has every field, and the figures add up.
#include "observe/report_json.hpp"

#include <nlohmann/json.hpp>

#include "model_heap.hpp"
#include "support/simulated_kernel.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

using Json = nlohmann::json;

constexpr const char* counts[] = {
    "bytes_moved_by_page", "bytes_copied",     "bytes_left",      "bytes_released_in_place",
    "live_bytes",          "resident_before",  "resident_after",  "vmas_before",
    "vmas_after",          "regions_selected", "regions_freed",   "regions_filled",
    "page_runs",           "regions_returned", "clusters_copied", "slots_fixed",
    "objects_verified",    "healed_bytes",     "objects_damaged", "unshared_pages",
    "dropped_zero_pages"};

std::uint64_t sum(const Json& object) {
  std::uint64_t total = 0;
  for (const auto& [key, figure] : object.items()) total += figure.get<std::uint64_t>();
  return total;
}

void check_json(const Json& json, EngineKind engine) {
  CHECK(json["engine"] == engine_name(engine));
  for (const char* name : counts) {
    INFO(name);
    CHECK(json[name].is_number_unsigned());
  }
  const Json& times = json["nanoseconds"];
  std::uint64_t total = 0;
  for (const char* phase : {"mark", "plan", "move", "copy", "fix", "release"}) {
    INFO(phase);
    REQUIRE(times[phase].is_number_unsigned());
    total += times[phase].get<std::uint64_t>();
  }
  CHECK(times["verify"].is_number_unsigned());
  CHECK(times["total"] == total);
  CHECK(json["fallbacks"].is_object());
  CHECK(json["left"].is_object());
  std::uint64_t moved_by_movers = 0;
  for (const auto& [name, mover] : json["movers"].items()) {
    INFO(name);
    CHECK(mover["calls"].get<std::uint64_t>() != 0);
    CHECK(mover["spans"].get<std::uint64_t>() != 0);
    CHECK(mover["nanoseconds"].is_number_unsigned());
    moved_by_movers += mover["bytes"].get<std::uint64_t>();
  }
  // Copied objects are in no mover's count.
  CHECK(moved_by_movers >= json["bytes_moved_by_page"].get<std::uint64_t>());
}

// What was live in the regions that were selected is moved, copied or left; a page that moves takes its dead
// bytes along, of which the waste allowance (a tenth) limits the share.
void check_sums(const CompactionReport& r, std::uint64_t live_in_selected) {
  const std::uint64_t accounted = r.bytes_moved_by_page + r.bytes_copied + r.bytes_left;
  CHECK(accounted >= live_in_selected);
  CHECK(accounted - live_in_selected <= (r.bytes_moved_by_page + r.bytes_copied) / 9 + page_bytes);
  CHECK(r.regions_freed + r.regions_returned == r.regions_selected);
}

// Live bytes that are in another place than before, or in regions that are still used: the selected ones are
// those whose regions are gone or returned. Nothing is released between the two looks.
std::uint64_t live_in(ModelHeap& model, const std::vector<Address>& before, bool moved) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const ModelObject& o = model.objects()[i];
    if ((model.address_of(i) != before[i]) == moved)
      bytes += classify(model.heap().geometry(), o.size, o.alignment).bytes;
  }
  return bytes;
}

std::vector<Address> addresses(ModelHeap& model) {
  std::vector<Address> all;
  for (std::size_t i = 0; i < model.objects().size(); ++i) all.push_back(model.address_of(i));
  return all;
}

}  // namespace

TEST_CASE("the report as JSON has every field, and what was live is moved, copied or left") {
  for (const EngineKind engine : all_engines) {
    INFO("engine " << std::string(engine_name(engine)) << " seed " << test_seed());
    ModelHeap model(small_heap(engine), test_seed());
    if (!model.has(engine)) continue;
    model.churn(2000);
    const std::vector<Address> before = addresses(model);
    const CompactionReport report = model.compact();
    const Json json = Json::parse(to_json(report));
    check_json(json, engine);
    check_sums(report, live_in(model, before, true));
    CHECK(report.bytes_left == 0);
    CHECK(report.page_runs != 0);
    CHECK(report.clusters_copied != 0);
    CHECK(report.live_bytes == live_in(model, before, true) + live_in(model, before, false));
    CHECK(report.resident_before >= report.live_bytes);
    CHECK(report.resident_after >= report.live_bytes);
    CHECK(report.vmas_before >= 1);
    if (engine == EngineKind::Relocate) CHECK(report.vmas_after == report.vmas_before);
    CHECK((engine == EngineKind::Copy) == (report.bytes_moved_by_page == 0));
    CHECK(sum(json["left"]) == 0);
    CHECK(sum(json["fallbacks"]) == 0);
  }
}

TEST_CASE(
    "simulated: what was left, brought back or handed on to page copy is in the report with its reason") {
  FaultyKernel kernel;
  ModelHeap model(small_heap(EngineKind::Relocate), test_seed(), kernel.gate());
  SHUNT_NEEDS(model.has(EngineKind::Relocate), "a relocating engine (UFFDIO_MOVE)");
  model.churn(2000);
  std::vector<Address> before = addresses(model);
  kernel.replace(is_uffd_move, 0, 1, partial_uffd_move(3 * page_bytes));
  kernel.replace(is_uffd_move, 0, 4, failed_uffd_move(EBUSY));
  const CompactionReport left = model.compact();
  kernel.forget_rules();
  const Json json = Json::parse(to_json(left));
  check_json(json, EngineKind::Relocate);
  CHECK(json["left"][name_of(Reason::Pinned)].get<std::uint64_t>() != 0);
  CHECK(left.bytes_left != 0);
  CHECK(left.bytes_left <= live_in(model, before, false));
  check_sums(left, live_in(model, before, true) + left.bytes_left);

  model.churn(1000);
  before = addresses(model);
  kernel.replace(is_uffd_move, 0, FaultyKernel::for_ever, failed_uffd_move(ENOMEM));
  const CompactionReport handed_on = model.compact();
  kernel.forget_rules();
  const Json second = Json::parse(to_json(handed_on));
  check_json(second, EngineKind::Relocate);
  CHECK(second["fallbacks"][name_of(Reason::NoMemory)].get<std::uint64_t>() != 0);
  CHECK(handed_on.bytes_moved_by_page == 0);
  CHECK(handed_on.bytes_left == 0);
  CHECK(second["movers"][name_of(MoverKind::PageCopy)]["bytes"].get<std::uint64_t>() != 0);
  check_sums(handed_on, live_in(model, before, true));
}
