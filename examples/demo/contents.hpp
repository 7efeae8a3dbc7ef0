// What the demo writes into objects, and how it knows that it is still there.
//
// Every 8 bytes of an object depend on the object's number and on their offset, so a page that arrived at a
// wrong place, or one object's bytes in another, is told. The first n bytes of an object are the same
// whatever its size, so a grown object keeps its beginning. Digests are 64-bit XXH3.
#pragma once

#include <cstdint>

#include "base/address.hpp"

namespace shunt::demo {

// Writes the bytes [from, size) of the object (a few before `from` again: whole words are written).
void fill_object(Address start, std::size_t from, std::size_t size, std::uint64_t object);

// Of what is in memory. O(size).
std::uint64_t digest_of(Address start, std::size_t size);
// Of what should be there, made without looking at the heap. O(size).
std::uint64_t expected_digest(std::size_t size, std::uint64_t object);

// Folds digests in the order in which they come: of a whole heap.
constexpr std::uint64_t fold(std::uint64_t sum, std::uint64_t digest) {
  return (sum ^ digest) * 0x9E37'79B9'7F4A'7C15u + (sum >> 29);
}

}  // namespace shunt::demo
