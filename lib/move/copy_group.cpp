// Spans whose destinations follow one another, populated by one call and copied with the next source
// prefetched.
#include "move/copy_group.hpp"

#include <algorithm>

#include "move/copy_pages.hpp"
#include "move/page_contents.hpp"
#include "os/memory.hpp"

namespace shunt {
namespace {

std::size_t same_kind_bytes(Address start, std::size_t bytes, bool zero) {
  std::size_t length = page_bytes;
  while (length < bytes && is_zero_page(start + length) == zero) length += page_bytes;
  return length;
}

}  // namespace

std::size_t CopyGroup::add_piece(std::size_t span, std::size_t offset) {
  Piece piece{span, offset, batch_.spans[span].bytes - offset};
  const bool zero = is_zero_page(source_of(piece));
  if (zero || destination_.end() != destination_of(piece) || destination_.bytes == most_bytes) flush();
  if (zero) {
    piece.bytes = same_kind_bytes(source_of(piece), piece.bytes, true);
    // Its predecessors may have failed just now; then it is not part of the prefix.
    if (batch_.outcomes[span].bytes_moved == offset) finish(piece);
    return piece.bytes;
  }
  piece.bytes =
      same_kind_bytes(source_of(piece), std::min(piece.bytes, most_bytes - destination_.bytes), false);
  if (count_ == 0) destination_ = {destination_of(piece), 0};
  destination_.bytes += piece.bytes;
  pieces_[count_++] = piece;
  return piece.bytes;
}

// Without the advice (before 5.14) the copy faults page by page: slower, same result. ENOMEM is a real
// answer.
bool CopyGroup::populate(AddressRange destination) const {
  if (destination.bytes <= page_bytes) return true;
  return os::errno_of(os::populate_for_write(kernel_, destination)) != os::no_memory;
}

void CopyGroup::finish(const Piece& piece) {
  if (batch_.release_sources) releases_.add({source_of(piece), piece.bytes});
  batch_.outcomes[piece.span].bytes_moved += piece.bytes;
  counts_.bytes += piece.bytes;
  ++counts_.calls;
}

void CopyGroup::copy(const Piece& piece, Address next) {
  copy_pages(destination_of(piece), source_of(piece), piece.bytes, next, CopyStyle::Cached);
  finish(piece);
}

void CopyGroup::flush() {
  const bool together = count_ != 0 && populate(destination_);
  if (!together && count_ != 0) os::drop_pages(kernel_, destination_);
  for (std::size_t i = 0; i < count_; ++i) {
    const Piece& piece = pieces_[i];
    if (batch_.outcomes[piece.span].bytes_moved != piece.offset) continue;  // an earlier piece failed
    const AddressRange destination{destination_of(piece), piece.bytes};
    if (!together && !populate(destination)) {
      os::drop_pages(kernel_, destination);
      batch_.outcomes[piece.span].reason = Reason::NoMemory;
      continue;
    }
    copy(piece, i + 1 < count_ ? source_of(pieces_[i + 1]) : source_of(piece));
  }
  count_ = 0;
  destination_ = {};
}

}  // namespace shunt
