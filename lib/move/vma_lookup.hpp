// Asks the kernel about VMAs on the paths where a mover met one that it did not expect.
//
// Opens its reader at the first question, lives for one batch, and so never outlives a fork. Where there is
// no /proc every answer is empty and the mover goes by the kernel's errno alone. Not thread-safe.
#pragma once

#include <algorithm>
#include <optional>

#include "os/vma.hpp"

namespace shunt {

class VmaLookup {
 public:
  explicit VmaLookup(const os::SystemCalls& kernel) : kernel_(kernel) {}

  // False: nothing can be known here.
  bool available() {
    if (!tried_) open();
    return reader_.has_value();
  }

  // The VMA that covers the address, if it is known and there is one.
  std::optional<os::Vma> covering(Address address) {
    const std::optional<os::Vma> vma = at_or_after(address);
    return vma && vma->range.contains(address) ? vma : std::nullopt;
  }

  std::optional<os::Vma> at_or_after(Address address) {
    if (!available()) return std::nullopt;
    Result<std::optional<os::Vma>> answer = reader_->at_or_after(address);
    return answer ? answer.take() : std::nullopt;
  }

  // How much of the range, from its start, lies in one VMA; all of it where nothing is known. Remembers the
  // last answer: runs that leave one VMA after another ask the kernel once.
  std::size_t bytes_in_one_vma(AddressRange range) {
    return bytes_known_in_one_vma(range).value_or(range.bytes);
  }
  // The same for who must not go wrong: nothing where it is not known.
  std::optional<std::size_t> bytes_known_in_one_vma(AddressRange range) {
    if (range.bytes == page_bytes) return page_bytes;
    if (!known_.contains(range.start)) {
      const std::optional<os::Vma> vma = covering(range.start);
      if (!vma) return std::nullopt;
      known_ = vma->range;
    }
    return std::min(range.bytes, known_.end() - range.start);
  }

  // How much of the range, from its start, is mapped private, readable and writable; all of it where nothing
  // is known.
  std::size_t plain_bytes(AddressRange range) {
    if (!available()) return range.bytes;
    Address at = range.start;
    while (at < range.end()) {
      const std::optional<os::Vma> vma = covering(at);
      if (!vma || !is_plain(*vma)) break;
      at = std::min(vma->range.end(), range.end());
    }
    return at - range.start;
  }

  static bool is_plain(const os::Vma& vma) { return vma.readable && vma.writable && !vma.shared; }

 private:
  void open() {
    tried_ = true;
    Result<os::VmaReader> reader = os::VmaReader::open(kernel_);
    if (reader) reader_.emplace(reader.take());
  }

  os::SystemCalls kernel_;
  std::optional<os::VmaReader> reader_{};
  bool tried_ = false;
  AddressRange known_{};  // within one VMA
};

}  // namespace shunt
