// Mapping, clearing and unmapping of Shunt's own memory.
#include "os/metadata_memory.hpp"

#include <cstring>

#include "os/memory.hpp"

namespace shunt::os {

Result<MetadataMemory> MetadataMemory::map(const SystemCalls& kernel, std::size_t bytes) {
  const std::size_t rounded = align_up(bytes, page_bytes);
  if (rounded < bytes || rounded == 0)
    return Error{"map metadata", 0, "ask for at least 1 byte and less than 2^64"};
  const long answer = map_anonymous(kernel, Address::null, rounded, Access::ReadWrite, false);
  if (failed(answer)) {
    return Error{"mmap of metadata", errno_of(answer),
                 "raise RLIMIT_AS or vm.max_map_count, or open a smaller heap"};
  }
  MetadataMemory memory;
  memory.kernel_ = kernel;
  memory.range_ = {Address{static_cast<std::uintptr_t>(answer)}, rounded};
  return memory;
}

MetadataMemory::~MetadataMemory() {
  if (range_.bytes != 0) unmap(kernel_, range_);
}

void MetadataMemory::clear() {
  if (range_.bytes == 0) return;
  if (failed(drop_pages(kernel_, range_))) std::memset(pointer_to(range_.start), 0, range_.bytes);
}

}  // namespace shunt::os
