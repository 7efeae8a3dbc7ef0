// Each #include line is judged by where it stands and what it names; errno by the word.
#include "layout/include_rules.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

namespace shunt::layout {
namespace {

constexpr std::array<std::string_view, 9> layer_order = {"base",    "os",      "move",     "region", "plan",
                                                         "compact", "runtime", "adapters", "observe"};
constexpr std::array<std::string_view, 13> allocating_headers = {
    "vector", "string", "map",      "set",     "unordered_map", "unordered_set", "deque",
    "list",   "queue",  "iostream", "sstream", "fstream",       "regex"};

struct Include {
  std::string name;
  bool quoted = false;
};

std::optional<Include> include_on(const SourceLine& line) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::smatch match;
  if (!std::regex_search(line.code, match, pattern)) return std::nullopt;
  return Include{match[2], match[1] == "\""};
}

std::string first_folder(const std::string& path) { return path.substr(0, path.find('/')); }

std::size_t rank_of(std::string_view layer) {
  return static_cast<std::size_t>(std::find(layer_order.begin(), layer_order.end(), layer) -
                                  layer_order.begin());
}
bool is_layer(std::string_view name) { return rank_of(name) < layer_order.size(); }

bool speaks_to_the_system(const std::string& header) {
  return header.starts_with("sys/") || header.starts_with("linux/") || header.starts_with("asm/") ||
         header == "unistd.h" || header == "fcntl.h";
}

bool is_standard(const std::string& header) {
  static const std::regex pattern("[a-z_0-9]+|std(int|def|bool)\\.h");
  return std::regex_match(header, pattern);
}

bool allocates(const std::string& header) {
  return std::find(allocating_headers.begin(), allocating_headers.end(), header) != allocating_headers.end();
}

// Empty when the include is right.
std::string wrong_quoted_in_lib(const std::string& path, const std::string& layer, const std::string& name) {
  const std::string target = first_folder(name);
  if (target == "shunt") {
    return layer == "runtime" || layer == "adapters" ? ""
                                                     : "only runtime and adapters implement include/shunt";
  }
  if (target == name || !is_layer(target)) return "\"" + name + "\" names no layer: write \"layer/file.hpp\"";
  if (path == "lib/observe/observe.hpp") {
    return target == "base" ? "" : "observe.hpp is included from every layer, so it may include base only";
  }
  if (name == "observe/observe.hpp") return "";
  if (rank_of(target) > rank_of(layer)) return layer + " stands above " + target + " and may not include it";
  if (layer == "plan" && target == "os") return "plan is pure: it may not include os";
  return "";
}

std::string wrong_angle_in_lib(const std::string& layer, const std::string& name) {
  if (speaks_to_the_system(name) && layer != "os") return "only lib/os may include <" + name + ">";
  if (layer == "plan" && !is_standard(name))
    return "plan is pure: only the standard library, not <" + name + ">";
  // adapters speak to other libraries; observe makes text for the host when the host asks for it.
  if (layer == "adapters" || layer == "observe") return "";
  if (allocates(name)) return "<" + name + "> allocates with the host's malloc (invariant 5)";
  // Its nodes and headers live in memory that the caller gives.
  if (layer == "region" && name.starts_with("boost/intrusive/")) return "";
  if (name.find('/') != std::string::npos && !speaks_to_the_system(name))
    return "lib has no dependency <" + name + ">";
  return "";
}

std::string wrong_in_public_header(const Include& include) {
  if (include.name.starts_with("shunt/")) return "";
  if (!include.quoted && is_standard(include.name)) return "";
  return "public headers include <shunt/...> and the standard library only, not " + include.name;
}

void check_errno(const SourceText& source, const std::string& layer, Violations& found) {
  static const std::regex word("\\berrno\\b");
  for (std::size_t i = 0; i < source.lines.size() && layer != "os"; ++i) {
    if (std::regex_search(source.lines[i].code, word)) {
      found.push_back(violation(source, i, "errno is read in lib/os only: results carry the code"));
    }
  }
}

}  // namespace

std::span<const std::string_view> layers() { return layer_order; }

Violations include_violations(const SourceText& source) {
  Violations found;
  const bool is_public = source.path.starts_with("include/");
  if (!is_public && !source.path.starts_with("lib/")) return found;
  const std::string layer = is_public ? "" : first_folder(source.path.substr(4));
  if (!is_public && !is_layer(layer)) found.push_back(violation(source, 0, "lib/" + layer + " is no layer"));
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const auto include = include_on(source.lines[i]);
    if (!include) continue;
    const std::string wrong = is_public         ? wrong_in_public_header(*include)
                              : include->quoted ? wrong_quoted_in_lib(source.path, layer, include->name)
                                                : wrong_angle_in_lib(layer, include->name);
    if (!wrong.empty()) found.push_back(violation(source, i, wrong));
  }
  check_errno(source, layer, found);
  return found;
}

}  // namespace shunt::layout
