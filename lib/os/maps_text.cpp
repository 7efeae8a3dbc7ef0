// Reads the lines of /proc/self/maps from a fixed buffer.
#include "os/maps_text.hpp"

#include <cstdint>

namespace shunt::os {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// At most 16 digits, then `terminator`, both taken from `text`.
bool take_hex(std::string_view& text, char terminator, std::uint64_t& number) {
  number = 0;
  for (std::size_t i = 0; i < text.size() && i <= 16; ++i) {
    if (text[i] == terminator && i > 0) {
      text.remove_prefix(i + 1);
      return true;
    }
    const int digit = hex_digit(text[i]);
    if (digit < 0) return false;
    number = number << 4 | static_cast<std::uint64_t>(digit);
  }
  return false;
}

}  // namespace

std::optional<Vma> parse_maps_line(std::string_view line) {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  if (!take_hex(line, '-', start) || !take_hex(line, ' ', end)) return std::nullopt;
  if (end <= start || line.size() < 4) return std::nullopt;
  Vma vma;
  vma.range = {Address{start}, end - start};
  vma.readable = line[0] == 'r';
  vma.writable = line[1] == 'w';
  vma.executable = line[2] == 'x';
  vma.shared = line[3] == 's';
  return vma;
}

}  // namespace shunt::os
