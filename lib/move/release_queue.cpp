// Joins adjacent vacated ranges, and gives many back in one call where the kernel takes a vector.
#include "move/release_queue.hpp"

#include "move/page_contents.hpp"
#include "os/drop_many.hpp"

namespace shunt {

// Drops what it can in one call and returns the ranges that are left, without the one that was refused: that
// one is released by itself.
std::span<const AddressRange> ReleaseQueue::drop_leading(std::span<const AddressRange> ranges) {
  const long answer = os::drop_pages_of_many(kernel_, ranges);
  if (os::failed(answer) && os::errno_of(answer) != os::invalid) vectors_work_ = false;
  std::size_t dropped = os::failed(answer) ? 0 : static_cast<std::size_t>(answer);
  std::size_t next = 0;
  while (next < ranges.size() && dropped >= ranges[next].bytes) dropped -= ranges[next++].bytes;
  if (next < ranges.size()) release_range(kernel_, ranges[next++]);
  return ranges.subspan(next);
}

void ReleaseQueue::flush() {
  std::span<const AddressRange> rest{ranges_.data(), count_};
  while (vectors_work_ && rest.size() >= worth_a_vector) rest = drop_leading(rest);
  for (const AddressRange& range : rest) release_range(kernel_, range);
  count_ = 0;
  bytes_ = 0;
}

}  // namespace shunt
