// Precise roots as handles: the entries (handle_entries.hpp) and the memory that they are in.
//
// Metadata memory is sparse: a table for 2^24 handles costs memory only for the most that were live at once.
// Does not know the heap: it neither allocates nor frees what it names.
#pragma once

#include "os/metadata_memory.hpp"
#include "runtime/handle_entries.hpp"

namespace shunt {

class HandleTable : public BasicHandleEntries<> {
 public:
  // Room for `capacity` live handles, 1 to 2^32 - 2. Errors: capacity, the kernel's ENOMEM.
  static Result<HandleTable> open(const os::SystemCalls&, std::uint32_t capacity);
  HandleTable(HandleTable&&) noexcept = default;

 private:
  static_assert(sizeof(Entry) == 32);
  HandleTable(os::MetadataMemory memory, std::uint32_t capacity);

  os::MetadataMemory memory_;
};

}  // namespace shunt
