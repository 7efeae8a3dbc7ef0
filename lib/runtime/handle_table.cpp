// Laying the handle table's control block and entries over its memory.
#include "runtime/handle_table.hpp"

namespace shunt {
namespace {

// The control block has a page to itself: creating writes it, resolving reads the entries.
constexpr std::size_t control_bytes = page_bytes;

}  // namespace

HandleTable::HandleTable(os::MetadataMemory memory, std::uint32_t capacity)
    : BasicHandleEntries(*pointer_to<Control>(memory.range().start),
                         pointer_to<Entry>(memory.range().start + control_bytes), capacity),
      memory_(std::move(memory)) {
  static_assert(sizeof(Control) <= control_bytes);
}

Result<HandleTable> HandleTable::open(const os::SystemCalls& kernel, std::uint32_t capacity) {
  if (capacity == 0 || capacity == 0xFFFF'FFFF)
    return Error{"open handle table", 0, "capacity is 1 to 2^32 - 2"};
  auto memory = os::MetadataMemory::map(kernel, control_bytes + std::size_t{capacity} * sizeof(Entry));
  if (!memory) return memory.error();
  return HandleTable(memory.take(), capacity);
}

}  // namespace shunt
