// The lexer: one state that lasts over line ends, one step a token.
#include "layout/source_text.hpp"

#include <cctype>

namespace shunt::layout {
namespace {

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<SourceLine> run() {
    lines_.emplace_back();
    while (at_ < text_.size()) step();
    return std::move(lines_);
  }

 private:
  void step() {
    if (starts("//")) return take_comment("\n", false);
    if (starts("/*")) return take_comment("*/", true);
    if (starts("R\"") && !continues_a_word()) return skip_raw_string();
    if (text_[at_] == '"' && !on_include_line()) return skip_quoted('"');
    if (text_[at_] == '\'' && !continues_a_word()) return skip_quoted('\'');
    take(text_[at_], false);
  }

  bool starts(std::string_view token) const { return text_.substr(at_).starts_with(token); }
  // A quote inside a number separates digits; an R at the end of a name starts no raw string.
  bool continues_a_word() const {
    return at_ > 0 &&
           (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0 || text_[at_ - 1] == '_');
  }
  bool on_include_line() const {
    const std::string& code = lines_.back().code;
    const std::size_t first = code.find_first_not_of(" \t");
    return first != std::string::npos && code[first] == '#' && code.find("include") != std::string::npos;
  }

  void take(char c, bool in_comment) {
    ++at_;
    if (c == '\n') {
      lines_.emplace_back();
    } else {
      (in_comment ? lines_.back().comment : lines_.back().code) += c;
    }
  }

  void take_comment(std::string_view end, bool end_included) {
    while (at_ < text_.size() && !starts(end)) take(text_[at_], true);
    for (std::size_t i = 0; end_included && i < end.size() && at_ < text_.size(); ++i) take(text_[at_], true);
  }

  void skip_quoted(char quote) {
    take(quote, false);
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ < text_.size()) take(text_[at_], false);
  }

  void skip_raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return take(text_[at_], false);
    const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    while (at_ < text_.size() && !starts(close)) {
      if (text_[at_] == '\n') lines_.emplace_back();
      ++at_;
    }
    at_ += close.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<SourceLine> lines_;
};

}  // namespace

SourceText parse_source(std::string path, std::string_view text) {
  return {std::move(path), Lexer(text).run()};
}

std::string violation(const SourceText& source, std::size_t line_index, const std::string& message) {
  return source.path + ":" + std::to_string(line_index + 1) + ": " + message;
}

}  // namespace shunt::layout
