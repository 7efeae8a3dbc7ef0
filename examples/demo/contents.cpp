// The words of an object, from its number and their offset.
#include "contents.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shunt::demo {
namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

// splitmix64's finisher: neighbouring numbers give unrelated words.
std::uint64_t mixed(std::uint64_t x) {
  x = (x + 0x9E37'79B9'7F4A'7C15u) * 0xBF58'476D'1CE4'E5B9u;
  x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBu;
  return x ^ x >> 31;
}

// Never 0, so that a page of zeros is no contents.
std::uint64_t word_of(std::uint64_t seed, std::size_t index) {
  return (seed + index * 0xD134'2543'DE82'EF95u) | 1;
}

// Words [first, first + bytes / 8) of an object and the beginning of the next where bytes are left over.
void write_words(unsigned char* out, std::size_t first, std::size_t bytes, std::uint64_t seed) {
  const std::size_t words = bytes / word_bytes;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t word = word_of(seed, first + i);
    std::memcpy(out + i * word_bytes, &word, word_bytes);
  }
  const std::uint64_t last = word_of(seed, first + words);
  std::memcpy(out + words * word_bytes, &last, bytes % word_bytes);
}

}  // namespace

void fill_object(Address start, std::size_t from, std::size_t size, std::uint64_t object) {
  const std::size_t first = from / word_bytes;
  if (size > first * word_bytes) {
    write_words(pointer_to<unsigned char>(start) + first * word_bytes, first, size - first * word_bytes,
                mixed(object));
  }
}

std::uint64_t digest_of(Address start, std::size_t size) { return XXH3_64bits(pointer_to(start), size); }

std::uint64_t expected_digest(std::size_t size, std::uint64_t object) {
  std::array<unsigned char, 4096> chunk;
  const std::uint64_t seed = mixed(object);
  if (size <= chunk.size()) {
    write_words(chunk.data(), 0, size, seed);
    return XXH3_64bits(chunk.data(), size);
  }
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset(&state);
  for (std::size_t done = 0; done < size; done += chunk.size()) {
    const std::size_t bytes = std::min(chunk.size(), size - done);
    write_words(chunk.data(), done / word_bytes, bytes, seed);
    XXH3_64bits_update(&state, chunk.data(), bytes);
  }
  return XXH3_64bits_digest(&state);
}

}  // namespace shunt::demo
