// The events of one block as bytes, and back. A block is a few columns (operations, objects, sizes,
// alignments, threads), because like beside like compresses best; it can be decoded knowing only how many
// objects were allocated before it. Compression and checksums are not here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "trace_format.hpp"

namespace shunt::trace {

class BlockEncoder {
 public:
  // Objects of allocations must be in order; those of others smaller than the number of allocations.
  void add(const Event& event);
  std::uint32_t events() const { return events_; }
  std::size_t plain_bytes() const;
  // The block so far; starts the next one.
  std::string take();

 private:
  std::string operations_, objects_, sizes_, alignments_, threads_;
  std::uint32_t events_ = 0;
  std::uint32_t thread_ = 0;
  std::uint64_t next_object_ = 0;
};

class BlockDecoder {
 public:
  // False when the columns do not fit the bytes. `bytes` must outlive the decoding.
  bool start(std::string_view bytes, std::uint64_t next_object);
  // False when a column ends early or holds what no encoder writes; the event is then meaningless.
  bool next(Event& event);
  // Whether every column is used up.
  bool at_end() const;

 private:
  bool next_allocation(std::uint8_t operation, Event& event);

  Cursor operations_, objects_, sizes_, alignments_, threads_;
  std::uint32_t thread_ = 0;
  std::uint64_t next_object_ = 0;
};

}  // namespace shunt::trace
