// Each rule is one pass over the lines of a source.
#include "layout/comment_rules.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace shunt::layout {
namespace {

constexpr std::size_t lines_around = 3;

// The comments near a line as one text, so that a phrase may be broken over two lines.
std::string comments_near(const SourceText& source, std::size_t index) {
  const std::size_t first = index < lines_around ? 0 : index - lines_around;
  const std::size_t last = std::min(source.lines.size(), index + lines_around + 1);
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += source.lines[i].comment + " ";
  static const std::regex between_words("[\\s/*]+");
  return std::regex_replace(text, between_words, " ");
}

bool is_header(const std::string& path) { return path.ends_with(".hpp") || path.ends_with(".h"); }
bool in_library(const std::string& path) { return path.starts_with("lib/") || path.starts_with("include/"); }

}  // namespace

Violations opening_violations(const SourceText& source) {
  const std::size_t wanted = is_header(source.path) && in_library(source.path) ? 3 : 1;
  std::size_t have = 0;
  for (const SourceLine& line : source.lines) {
    if (line.comment.empty() || !line.code.empty()) break;
    ++have;
  }
  if (have >= wanted) return {};
  return {violation(source, 0,
                    "opens with " + std::to_string(have) + " lines of comment, " + std::to_string(wanted) +
                        " wanted: what it is for, what it keeps true, what it does not do")};
}

Violations memory_order_violations(const SourceText& source) {
  static const std::regex ordered("\\bmemory_order(_|::)(acquire|release|acq_rel|seq_cst)\\b");
  Violations found;
  if (!source.path.starts_with("lib/")) return found;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    if (!std::regex_search(source.lines[i].code, ordered)) continue;
    if (comments_near(source, i).find("pairs with") != std::string::npos) continue;
    found.push_back(violation(source, i, "name the partner: `// release: pairs with the acquire in ...`"));
  }
  return found;
}

Violations invariant_violations(const SourceText& source, const std::set<int>& known) {
  static const std::regex citation(
      "[Ii]nvariants?\\s+(\\d+)((\\s*,\\s*|\\s*(and|to)\\s+|,\\s*and\\s+)\\d+)*");
  static const std::regex number("\\d+");
  Violations found;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string& comment = source.lines[i].comment;
    for (std::sregex_iterator at(comment.begin(), comment.end(), citation), end; at != end; ++at) {
      const std::string cited = at->str();
      for (std::sregex_iterator n(cited.begin(), cited.end(), number); n != end; ++n) {
        if (known.contains(std::stoi(n->str()))) continue;
        found.push_back(violation(source, i, "docs/architecture.md has no invariant " + n->str()));
      }
    }
  }
  return found;
}

std::set<int> documented_invariants(std::string_view markdown) {
  static const std::regex item("^\\s*(?:\\*\\*)?(\\d+)\\.");
  std::set<int> numbers;
  std::istringstream lines{std::string(markdown)};
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) inside = line.find("nvariants") != std::string::npos;
    std::smatch match;
    if (inside && std::regex_search(line, match, item)) numbers.insert(std::stoi(match[1]));
  }
  return numbers;
}

}  // namespace shunt::layout
