// Pages that the kernel holds on to: registered as an io_uring buffer, and written to by it.
//
// A registered buffer is pinned page by page; whatever happens to the mapping, reads into the buffer go to
// those pages. That is why a pinned page may be moved and must not be copied. Unpinned when the object goes.
#pragma once

#include "base/address.hpp"

namespace shunt::testing {

class PinnedPages {
 public:
  // Not pinned() where io_uring is missing or forbidden.
  explicit PinnedPages(AddressRange);
  ~PinnedPages();
  PinnedPages(const PinnedPages&) = delete;
  PinnedPages& operator=(const PinnedPages&) = delete;

  bool pinned() const { return pinned_; }
  // The kernel writes `byte` into the first byte of the page that was registered `offset` bytes into the
  // range, wherever that page is mapped now.
  bool kernel_writes(std::size_t offset, char byte);

 private:
  AddressRange range_;
  int ring_ = -1;
  bool pinned_ = false;
  void* submissions_ = nullptr;  // the rings, and behind them the entries, are mapped when first used
  unsigned char* rings_ = nullptr;
};

}  // namespace shunt::testing
