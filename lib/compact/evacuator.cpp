// The heap's own evacuator: page mover, memcpy, madvise.
#include "compact/evacuator.hpp"

#include <cstring>

#include "move/page_contents.hpp"
#include "os/memory.hpp"

namespace shunt {

// Without MADV_POPULATE_WRITE (before 5.14) the copy faults page by page; only ENOMEM is an answer that
// counts.
bool PageEvacuator::prepare_destination(AddressRange destination) {
  return os::errno_of(os::populate_for_write(kernel_, destination)) != os::no_memory;
}

std::size_t PageEvacuator::copy_cluster(const MarkBitmap& marks, AddressRange source, Address to) {
  const Address start = to;
  marks.for_each_live_span(source, [&](AddressRange live) {
    std::memcpy(pointer_to(to), pointer_to(live.start), live.bytes);
    to += live.bytes;
  });
  return to - start;
}

void PageEvacuator::release(AddressRange range) { release_range(kernel_, range); }

}  // namespace shunt
