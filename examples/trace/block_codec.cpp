// See block_codec.hpp. What is freed or grown is named by its age, the number of allocations since its own:
// most objects die young, and those are small numbers.
#include "block_codec.hpp"

#include <bit>

#include "trace_layout.hpp"

namespace shunt::trace {

void BlockEncoder::add(const Event& event) {
  auto operation = static_cast<std::uint8_t>(event.kind);
  if (event.thread != thread_) {
    operation |= layout::operation_thread;
    put_varint(threads_, event.thread);
    thread_ = event.thread;
  }
  if (event.kind == EventKind::allocate) {
    if (event.zeroed) operation |= layout::operation_zeroed;
    if (event.alignment != default_alignment) {
      operation |= layout::operation_aligned;
      alignments_.push_back(static_cast<char>(std::countr_zero(event.alignment)));
    }
    next_object_ = event.object + 1;
  } else {
    put_varint(objects_, next_object_ - 1 - event.object);
  }
  if (event.kind != EventKind::free) put_varint(sizes_, event.bytes);
  operations_.push_back(static_cast<char>(operation));
  ++events_;
}

std::size_t BlockEncoder::plain_bytes() const {
  return operations_.size() + objects_.size() + sizes_.size() + alignments_.size() + threads_.size();
}

std::string BlockEncoder::take() {
  std::string out;
  std::string* const columns[] = {&operations_, &objects_, &sizes_, &alignments_, &threads_};
  for (const std::string* column : columns) put_varint(out, column->size());
  for (std::string* column : columns) {
    out += *column;
    column->clear();
  }
  events_ = 0;
  thread_ = 0;
  return out;
}

bool BlockDecoder::start(std::string_view bytes, std::uint64_t next_object) {
  next_object_ = next_object;
  thread_ = 0;
  Cursor whole(bytes);
  std::uint64_t lengths[5] = {};
  for (std::uint64_t& length : lengths) {
    if (!whole.varint(length)) return false;
  }
  Cursor* const columns[] = {&operations_, &objects_, &sizes_, &alignments_, &threads_};
  for (int i = 0; i < 5; ++i) {
    std::string_view column;
    if (!whole.bytes(lengths[i], column)) return false;
    *columns[i] = Cursor(column);
  }
  return whole.at_end();
}

bool BlockDecoder::next_allocation(std::uint8_t operation, Event& event) {
  event.object = next_object_++;
  event.zeroed = (operation & layout::operation_zeroed) != 0;
  if ((operation & layout::operation_aligned) == 0) return true;
  std::uint8_t power = 0;
  if (!alignments_.byte(power) || power >= 48) return false;
  event.alignment = std::uint64_t{1} << power;
  return event.alignment > default_alignment;
}

bool BlockDecoder::next(Event& event) {
  event = Event{};
  std::uint8_t operation = 0;
  if (!operations_.byte(operation) || (operation & ~layout::operation_known_mask) != 0) return false;
  const unsigned kind = operation & layout::operation_kind_mask;
  if (kind > static_cast<unsigned>(EventKind::free)) return false;
  event.kind = static_cast<EventKind>(kind);
  if ((operation & layout::operation_thread) != 0) {
    std::uint64_t thread = 0;
    if (!threads_.varint(thread) || thread > 0xFFFF'FFFF) return false;
    thread_ = static_cast<std::uint32_t>(thread);
  }
  event.thread = thread_;
  if (event.kind == EventKind::allocate) {
    if (!next_allocation(operation, event)) return false;
  } else {
    std::uint64_t age = 0;
    if (!objects_.varint(age)) return false;
    event.object =
        next_object_ - 1 - age;  // an age beyond all objects wraps to a number that no reader knows
  }
  return event.kind == EventKind::free || sizes_.varint(event.bytes);
}

bool BlockDecoder::at_end() const {
  return operations_.at_end() && objects_.at_end() && sizes_.at_end() && alignments_.at_end() &&
         threads_.at_end();
}

}  // namespace shunt::trace
