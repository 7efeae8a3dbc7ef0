// Gives vacated ranges back in as few calls as the kernel allows.
//
// Adjacent ranges become one; what is not adjacent goes together through one process_madvise where that
// works. Never releases a byte that was not added: what lies between two sources may be alive. At most
// `most_bytes` wait at any time, so a copy holds little memory twice. Whatever is refused in a vector is
// released range by range, also when it is mlocked. Not thread-safe; flushes when it goes away.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class ReleaseQueue {
 public:
  static constexpr std::size_t most_bytes = std::size_t{4} << 20;
  static constexpr std::size_t most_ranges = 256;
  // Below this many ranges a call for each is cheaper than opening a descriptor for oneself.
  static constexpr std::size_t worth_a_vector = 8;

  // `vectors_work` remembers between queues whether this kernel drops by vector; it outlives the queue.
  ReleaseQueue(const os::SystemCalls& kernel, bool& vectors_work)
      : kernel_(kernel), vectors_work_(vectors_work) {}
  ~ReleaseQueue() { flush(); }
  ReleaseQueue(const ReleaseQueue&) = delete;
  ReleaseQueue& operator=(const ReleaseQueue&) = delete;

  void add(AddressRange range) {
    if (count_ != 0 && ranges_[count_ - 1].end() == range.start) {
      ranges_[count_ - 1].bytes += range.bytes;
    } else {
      ranges_[count_++] = range;
    }
    bytes_ += range.bytes;
    if (count_ == most_ranges || bytes_ >= most_bytes) flush();
  }
  void flush();

 private:
  std::span<const AddressRange> drop_leading(std::span<const AddressRange>);

  const os::SystemCalls& kernel_;
  bool& vectors_work_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::array<AddressRange, most_ranges> ranges_;
};

}  // namespace shunt
