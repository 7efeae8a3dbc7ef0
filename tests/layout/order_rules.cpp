// Two regular expressions: one for the code, one for the table's rows.
#include "layout/order_rules.hpp"

#include <regex>

namespace shunt::layout {
namespace {

const std::regex& definition() {
  static const std::regex pattern(
      "static constexpr auto (\\w+) = std::memory_order_(acquire|release|acq_rel|seq_cst);");
  return pattern;
}

}  // namespace

NamedOrders named_orders(const SourceText& source) {
  NamedOrders found;
  for (const SourceLine& line : source.lines) {
    std::smatch match;
    if (std::regex_search(line.code, match, definition())) found[match[1]] = match[2];
  }
  return found;
}

NamedOrders documented_orders(std::string_view markdown) {
  static const std::regex row("\\n\\| `(\\w+)` \\| (\\w+) \\|");
  const std::string text(markdown);
  NamedOrders found;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    found[(*at)[1]] = (*at)[2];
  }
  return found;
}

Violations unnamed_order_violations(const SourceText& source) {
  static const std::regex ordered("\\bmemory_order(_|::)(acquire|release|acq_rel|seq_cst)\\b");
  Violations found;
  if (!source.path.starts_with("lib/")) return found;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string& code = source.lines[i].code;
    const bool is_fence = code.find("_fence(") != std::string::npos;
    if (is_fence || !std::regex_search(code, ordered) || std::regex_search(code, definition())) continue;
    found.push_back(
        violation(source, i, "give the order a name in a protocol and a row in docs/memory-order.md"));
  }
  return found;
}

}  // namespace shunt::layout
