// Pieces of spans whose destinations follow one another and get their memory from one call.
//
// A group is as large as the second-level cache likes: the kernel has just zeroed its pages there, and the
// copy finds them. A piece of zeros is never written: it stays a hole, and ends what is populated together.
// Where there is no memory for the whole group each piece tries by itself, so that a nearly full heap gets as
// far as it can; a span stops at its first piece that fails (an outcome counts a prefix). Used by page copy
// alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "move/move_report.hpp"
#include "move/move_span.hpp"
#include "move/page_copy.hpp"
#include "move/release_queue.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class CopyGroup {
 public:
  // Everything given outlives the group.
  CopyGroup(const os::SystemCalls& kernel, const MoveBatch& batch, ReleaseQueue& releases,
            MoverCounts& counts)
      : kernel_(kernel), batch_(batch), releases_(releases), counts_(counts) {}
  CopyGroup(const CopyGroup&) = delete;
  CopyGroup& operator=(const CopyGroup&) = delete;

  // Takes the longest piece of one kind from `offset` of the span on that still fits, and returns its bytes.
  // Copies what has gathered when there is no room, or the destination is elsewhere.
  std::size_t add_piece(std::size_t span, std::size_t offset);
  void flush();

 private:
  static constexpr std::size_t most_bytes = PageCopyMover::chunk_bytes;
  static constexpr std::size_t most_pieces = most_bytes / page_bytes;

  struct Piece {
    std::size_t span = 0;
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  bool populate(AddressRange destination) const;
  void finish(const Piece&);
  void copy(const Piece&, Address next);
  Address source_of(const Piece& p) const { return batch_.spans[p.span].from + p.offset; }
  Address destination_of(const Piece& p) const { return batch_.spans[p.span].to + p.offset; }

  os::SystemCalls kernel_;
  const MoveBatch& batch_;
  ReleaseQueue& releases_;
  MoverCounts& counts_;
  AddressRange destination_{};
  std::size_t count_ = 0;
  std::array<Piece, most_pieces> pieces_;
};

}  // namespace shunt
