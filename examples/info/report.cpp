// The text and the JSON of the same facts.
#include "report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

namespace shunt::info {
namespace {

using os::Capability;
using os::CapabilityOutcome;
using os::CapabilityState;

std::string bytes_text(std::uint64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double number = static_cast<double>(bytes);
  int unit = 0;
  for (; number >= 1024 && unit < 5; ++unit) number /= 1024;
  char text[32];
  const bool whole = number == static_cast<double>(static_cast<std::uint64_t>(number));
  std::snprintf(text, sizeof text, whole ? "%.0f %s" : "%.1f %s", number, units[unit]);
  return text;
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }
std::string or_unknown(std::optional<std::uint64_t> number) {
  return number ? std::to_string(*number) : "unknown";
}

std::string overcommit_text(std::optional<int> mode) {
  if (!mode) return "unknown";
  if (*mode == 2) return "2 (never: reservations are inaccessible until committed)";
  return *mode == 1 ? "1 (always)" : "0 (heuristic)";
}

std::string state_text(const CapabilityOutcome& outcome) {
  std::string text = capability_state_name(outcome.state);
  if (outcome.state == CapabilityState::Refused && outcome.code != 0)
    text += std::string(" ") + os::errno_name(outcome.code);
  return text;
}

void print_row(std::ostringstream& out, const std::string& name, const std::string& what) {
  out << name << std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') << what << '\n';
}

std::string pad(const std::string& text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text + ' ';
}

void print_capabilities(std::ostringstream& out, const os::Capabilities& found) {
  for (std::size_t i = 0; i < os::capability_count; ++i) {
    const auto capability = static_cast<Capability>(i);
    const CapabilityOutcome& outcome = found[capability];
    out << "  " << pad(capability_name(capability), 24) << pad(state_text(outcome), 17) << outcome.seen
        << '\n';
  }
}

std::string engine_text(const SystemFacts& facts) {
  const std::string chosen = engine_name(facts.engine);
  if (!facts.engine_asked) return chosen;
  const std::string asked = engine_name(*facts.engine_asked);
  if (asked == chosen)
    return chosen + " (by " + engine_variable + "; the best here is " +
           engine_name(facts.capabilities.best_engine()) + ")";
  return chosen + " (" + engine_variable + " asks for " + asked +
         ", which this kernel or sandbox does not allow)";
}

nlohmann::json or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}
template <class T>
nlohmann::json or_null(const std::optional<T>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

nlohmann::json capabilities_json(const os::Capabilities& found) {
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 0; i < os::capability_count; ++i) {
    const auto capability = static_cast<Capability>(i);
    const CapabilityOutcome& outcome = found[capability];
    list.push_back(
        {{"name", capability_name(capability)},
         {"meaning", capability_meaning(capability)},
         {"state", capability_state_name(outcome.state)},
         {"errno", outcome.code == 0 ? nlohmann::json() : nlohmann::json(os::errno_name(outcome.code))},
         {"seen", outcome.seen}});
  }
  return list;
}

nlohmann::json engine_json(const SystemFacts& facts) {
  return {
      {"chosen", engine_name(facts.engine)},
      {"best", engine_name(facts.capabilities.best_engine())},
      {"asked", facts.engine_asked ? nlohmann::json(engine_name(*facts.engine_asked)) : nlohmann::json()}};
}

}  // namespace

std::string as_text(const SystemFacts& facts) {
  std::ostringstream out;
  print_row(out, "kernel", or_unknown(facts.release) + " " + facts.machine + "  " + facts.version);
  print_row(out, "page", bytes_text(static_cast<std::uint64_t>(facts.page_bytes)));
  print_row(out, "huge pages",
            or_unknown(facts.huge_enabled) + ", defrag " + or_unknown(facts.huge_defrag) + ", shmem " +
                or_unknown(facts.huge_shmem) +
                (facts.huge_page_bytes ? ", " + bytes_text(*facts.huge_page_bytes) : ""));
  print_row(
      out, "VMAs",
      or_unknown(facts.vmas_now) + " now, limit " + or_unknown(facts.vma_limit) + " (vm.max_map_count)");
  print_row(out, "overcommit", overcommit_text(facts.overcommit));
  print_row(out, "memory limit",
            facts.memory_limit ? bytes_text(facts.memory_limit->bytes) + " (" + facts.memory_limit->file + ")"
                               : "none visible");
  print_row(out, "engine", engine_text(facts));
  if (facts.capabilities.dontunmap_merge_is_unsafe) {
    print_row(out, "warning",
              "this release has a use-after-free in DONTUNMAP moves that merge (6.16 to 6.18.6): update it");
  }
  out << "\ncapabilities (each tried on scratch pages, in " << static_cast<long>(facts.probe_seconds * 1e6)
      << " us)\n";
  print_capabilities(out, facts.capabilities);
  return out.str();
}

std::string as_json(const SystemFacts& facts) {
  nlohmann::ordered_json json;
  json["kernel"] = {{"release", facts.release}, {"version", facts.version}, {"machine", facts.machine}};
  json["page_bytes"] = facts.page_bytes;
  json["huge_pages"] = {{"enabled", or_null(facts.huge_enabled)},
                        {"defrag", or_null(facts.huge_defrag)},
                        {"shmem_enabled", or_null(facts.huge_shmem)},
                        {"bytes", or_null(facts.huge_page_bytes)}};
  json["vmas"] = {{"now", or_null(facts.vmas_now)}, {"limit", or_null(facts.vma_limit)}};
  json["overcommit"] = or_null(facts.overcommit);
  json["resident_bytes"] = or_null(facts.resident_bytes);
  json["memory_limit_bytes"] =
      facts.memory_limit ? nlohmann::json(facts.memory_limit->bytes) : nlohmann::json();
  json["engine"] = engine_json(facts);
  json["relocate_flags"] = facts.capabilities.relocate_flags;
  json["dontunmap_merge_is_unsafe"] = facts.capabilities.dontunmap_merge_is_unsafe;
  json["probe_seconds"] = facts.probe_seconds;
  json["capabilities"] = capabilities_json(facts.capabilities);
  return json.dump(2) + "\n";
}

}  // namespace shunt::info
