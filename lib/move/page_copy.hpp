// Page copy: memcpy and release. Works everywhere, and stands behind every engine.
//
// Copies chunk by chunk: what the source holds as zeros stays a hole at the destination, runs of pages with
// contents get their destination pages from one MADV_POPULATE_WRITE, and the vacated chunk is given back at
// once, so that at most one chunk is in memory twice. Does not move pinned pages correctly (no copy can): the
// chooser keeps those away from it.
#pragma once

#include "move/mover.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class PageCopyMover final : public Mover {
 public:
  explicit PageCopyMover(const os::SystemCalls& kernel) : kernel_(kernel) {}

  MoverKind kind() const override { return MoverKind::PageCopy; }
  void move(const MoveBatch&, MoveReport&) override;

  // The most that is in memory twice.
  static constexpr std::size_t chunk_bytes = std::size_t{4} << 20;

 private:
  // False: the destination could not get its pages.
  bool copy_chunk(Address from, Address to, std::size_t bytes, bool destination_warm);
  bool copy_present_pages(Address from, Address to, std::size_t bytes, bool destination_warm);

  os::SystemCalls kernel_;
};

}  // namespace shunt
