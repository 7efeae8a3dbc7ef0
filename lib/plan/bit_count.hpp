// Counting the set bits of a page's mark words, branch-free and inline.
//
// A page has 4 words (16-byte granules) or 8 (8-byte granules). Baseline x86-64 has no popcount instruction
// and the compiler's substitute is a call a word; here the words' byte sums are added first and folded once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace shunt {

#if defined(__POPCNT__) || defined(__aarch64__)
// How many bits are set in words[0, count). `count` is at most 31. O(count).
inline std::size_t count_bits(const std::uint64_t* words, std::size_t count) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += static_cast<std::size_t>(std::popcount(words[i]));
  return total;
}
inline std::size_t count_bits(std::uint64_t word) { return static_cast<std::size_t>(std::popcount(word)); }
#else
// Each byte of the answer holds how many bits of that byte of `word` are set.
inline std::uint64_t bits_by_byte(std::uint64_t word) {
  word -= (word >> 1) & 0x5555'5555'5555'5555;
  word = (word & 0x3333'3333'3333'3333) + ((word >> 2) & 0x3333'3333'3333'3333);
  return (word + (word >> 4)) & 0x0F0F'0F0F'0F0F'0F0F;
}

// How many bits are set in words[0, count). `count` is at most 31: a byte sum must not pass 255. O(count).
inline std::size_t count_bits(const std::uint64_t* words, std::size_t count) {
  std::uint64_t sums = 0;
  for (std::size_t i = 0; i < count; ++i) sums += bits_by_byte(words[i]);
  sums = (sums & 0x00FF'00FF'00FF'00FF) + ((sums >> 8) & 0x00FF'00FF'00FF'00FF);
  return (sums * 0x0001'0001'0001'0001) >> 48;
}
inline std::size_t count_bits(std::uint64_t word) {
  return (bits_by_byte(word) * 0x0101'0101'0101'0101) >> 56;
}
#endif

// The lowest `count` bits, 0 to 63.
inline std::uint64_t bits_below(std::size_t count) { return (std::uint64_t{1} << count) - 1; }

}  // namespace shunt
