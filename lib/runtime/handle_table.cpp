// The free stack, and reading an entry so that a concurrent release is noticed.
#include "runtime/handle_table.hpp"

#include <bit>

namespace shunt {
namespace {

constexpr std::size_t control_bytes = page_bytes;

}  // namespace

Result<HandleTable> HandleTable::open(const os::SystemCalls& kernel, std::uint32_t capacity) {
  if (capacity == 0 || capacity == 0xFFFF'FFFF)
    return Error{"open handle table", 0, "capacity is 1 to 2^32 - 2"};
  static_assert(sizeof(Control) <= control_bytes);
  auto memory = os::MetadataMemory::map(kernel, control_bytes + std::size_t{capacity} * sizeof(Entry));
  if (!memory) return memory.error();
  HandleTable table;
  table.memory_ = memory.take();
  table.control_ = pointer_to<Control>(table.memory_.range().start);
  table.entries_ = pointer_to<Entry>(table.memory_.range().start + control_bytes);
  table.capacity_ = capacity;
  return Result<HandleTable>(std::move(table));
}

Result<Handle> HandleTable::create(const HandleTarget& target) {
  auto index = pop_free();
  if (!index) index = take_unused();
  // Between the two looks another thread may have given an entry back.
  if (!index) index = pop_free();
  if (!index)
    return Error{"create a handle", 0, "release handles, or open the table with a greater capacity"};
  Entry& entry = entries_[*index];
  set_target(entry, target);
  const std::uint32_t generation = entry.generation.load(std::memory_order_relaxed) + 1;
  // release: publishes the target; pairs with the acquires in resolve() and for_each_live()
  entry.generation.store(generation, std::memory_order_release);
  control_->live.fetch_add(1, std::memory_order_relaxed);
  return Handle{*index, generation};
}

std::optional<HandleTarget> HandleTable::release(Handle handle) {
  if (!names_live(handle)) return std::nullopt;
  Entry& entry = entries_[handle.index];
  const HandleTarget target = target_of(entry);
  std::uint32_t expected = handle.generation;
  // acq_rel: of two releases one wins, and `target` was read before the entry can be another's; pairs with
  // itself and with the second look of resolve()
  if (!entry.generation.compare_exchange_strong(expected, handle.generation + 1, std::memory_order_acq_rel,
                                                std::memory_order_relaxed)) {
    return std::nullopt;
  }
  control_->live.fetch_sub(1, std::memory_order_relaxed);
  push_free(handle.index);
  return target;
}

std::optional<HandleTarget> HandleTable::resolve(Handle handle) const {
  if (!names_live(handle)) return std::nullopt;
  const HandleTarget target = target_of(entries_[handle.index]);
  // If a field came from the entry's next life, target_of()'s acquire made the release visible here.
  if (!names_live(handle)) return std::nullopt;
  return target;
}

bool HandleTable::retarget(Handle handle, const HandleTarget& target) {
  if (!names_live(handle)) return false;
  set_target(entries_[handle.index], target);
  return true;
}

std::uint32_t HandleTable::live_count() const { return control_->live.load(std::memory_order_relaxed); }

std::uint32_t HandleTable::used_entries() const {
  return control_->used.load(std::memory_order_acquire);  // pairs with take_unused()
}

bool HandleTable::names_live(Handle handle) const {
  if (!is_live_generation(handle.generation) || handle.index >= capacity_) return false;
  // acquire: pairs with the release in create(). An entry never used reads as generation 0.
  return entries_[handle.index].generation.load(std::memory_order_acquire) == handle.generation;
}

HandleTarget HandleTable::target_of(const Entry& entry) {
  // acquire: pairs with the stores of set_target(): see resolve()
  return {Address{entry.address.load(std::memory_order_acquire)}, entry.size.load(std::memory_order_acquire),
          std::size_t{1} << entry.alignment_shift.load(std::memory_order_acquire)};
}

void HandleTable::set_target(Entry& entry, const HandleTarget& target) {
  const unsigned shift =
      target.alignment == 0 ? 0 : static_cast<unsigned>(std::countr_zero(target.alignment));
  // release: pairs with target_of() and resolve(): who reads one of these sees that the former life is over
  entry.address.store(value(target.address), std::memory_order_release);
  entry.size.store(target.size, std::memory_order_release);
  entry.alignment_shift.store(shift, std::memory_order_release);
}

std::optional<std::uint32_t> HandleTable::pop_free() {
  std::uint64_t top = control_->free_top.load(std::memory_order_acquire);  // pairs with push_free()
  for (;;) {
    const std::uint32_t index_plus_one = static_cast<std::uint32_t>(top);
    if (index_plus_one == 0) return std::nullopt;
    // Maybe stale, if another thread has popped it: then the tag has changed and the exchange fails.
    const std::uint32_t next = entries_[index_plus_one - 1].next_free.load(std::memory_order_relaxed);
    const std::uint64_t below = ((top >> 32) + 1) << 32 | next;
    // acquire, also on failure: pairs with push_free(), so that next_free and the generation are the pusher's
    if (control_->free_top.compare_exchange_weak(top, below, std::memory_order_acquire,
                                                 std::memory_order_acquire)) {
      return index_plus_one - 1;
    }
  }
}

std::optional<std::uint32_t> HandleTable::take_unused() {
  std::uint32_t used = control_->used.load(std::memory_order_relaxed);
  do {
    if (used == capacity_) return std::nullopt;
    // release: pairs with used_entries()
  } while (!control_->used.compare_exchange_weak(used, used + 1, std::memory_order_release,
                                                 std::memory_order_relaxed));
  return used;
}

void HandleTable::push_free(std::uint32_t index) {
  std::uint64_t top = control_->free_top.load(std::memory_order_relaxed), pushed;
  do {
    entries_[index].next_free.store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
    pushed = (top & ~std::uint64_t{0xFFFF'FFFF}) | (index + 1);
    // release: pairs with the acquires in pop_free()
  } while (!control_->free_top.compare_exchange_weak(top, pushed, std::memory_order_release,
                                                     std::memory_order_relaxed));
}

}  // namespace shunt
