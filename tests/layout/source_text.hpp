// A C++ source, line by line, with code and comments told apart.
//
// What the layout rules read: a rule about code must not be set off by a comment, nor one about comments by
// code. String and character literals are blanked in `code` (a message may say errno), except on #include
// lines. A small lexer, not a compiler: no trigraphs, no line splices inside tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shunt::layout {

struct SourceLine {
  std::string code;
  std::string comment;
};

struct SourceText {
  std::string path;  // relative to the checkout: "lib/os/memory.cpp"
  std::vector<SourceLine> lines;
};

// One entry per breach, each "path:line: what is wrong and what would be right".
using Violations = std::vector<std::string>;

SourceText parse_source(std::string path, std::string_view text);
std::string violation(const SourceText&, std::size_t line_index, const std::string& message);

}  // namespace shunt::layout
