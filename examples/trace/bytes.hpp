// Numbers as bytes: little-endian fixed-width ones and varints (seven bits a byte, low ones first, the high
// bit says that more follow). Reading is bounded: a Cursor that runs out returns false and stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shunt::trace {

template <class Number>
void put_fixed(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xFF));
  }
}

template <class Number>
Number get_fixed(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return static_cast<Number>(number);
}

inline void put_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

// Small numbers of either sign become small numbers.
constexpr std::uint64_t zigzag(std::int64_t number) {
  return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool byte(std::uint8_t& out) {
    if (at_ == bytes_.size()) return false;
    out = static_cast<std::uint8_t>(bytes_[at_++]);
    return true;
  }
  // False as well for a varint longer than 64 bits.
  bool varint(std::uint64_t& out) {
    std::uint64_t number = 0;
    std::size_t at = at_;
    for (unsigned shift = 0; at < bytes_.size() && shift < 64; shift += 7) {
      const auto next = static_cast<std::uint8_t>(bytes_[at++]);
      if (shift == 63 && next > 1) return false;
      number |= std::uint64_t{next & 0x7Fu} << shift;
      if (next < 0x80) {
        at_ = at;
        out = number;
        return true;
      }
    }
    return false;
  }
  bool bytes(std::size_t count, std::string_view& out) {
    if (count > bytes_.size() - at_) return false;
    out = bytes_.substr(at_, count);
    at_ += count;
    return true;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace shunt::trace
