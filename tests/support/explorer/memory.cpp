// The memory's own keeping: copying, hashing, dropping what nobody can see. The rules of reading and writing
// are in memory_steps.cpp.
#include "support/explorer/memory.hpp"

#include <cstddef>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shunt::testing {

Hash hash_more(Hash before, const void* bytes, std::size_t size) {
  const XXH128_hash_t more = XXH3_128bits_withSeed(bytes, size, before.low);
  const std::uint64_t turned = before.high << 27 | before.high >> 37;
  return {more.low64, more.high64 ^ (turned * 0x9E37'79B9'7F4A'7C15)};
}

Memory& Memory::operator=(const Memory& other) {
  static_assert(std::is_trivially_copyable_v<Message> && std::is_trivially_copyable_v<Cell>);
  begin_ = other.begin_;
  mode_ = other.mode_;
  threads_ = other.threads_, locations_ = other.locations_, cell_count_ = other.cell_count_;
  fences_ = other.fences_, overflowed_ = other.overflowed_;
  std::memcpy(returned_, other.returned_, sizeof returned_);
  std::memcpy(current_, other.current_, sizeof current_);
  if (fences_) {
    std::memcpy(acquirable_, other.acquirable_, sizeof acquirable_);
    std::memcpy(released_, other.released_, sizeof released_);
  }
  sequential_ = other.sequential_;
  const unsigned used = begin_[locations_];
  std::memcpy(cells_, other.cells_, sizeof(Cell) * cell_count_);
  std::memcpy(stamps_, other.stamps_, sizeof(std::uint16_t) * used);
  std::memcpy(messages_, other.messages_, sizeof(Message) * used);
  return *this;
}

void Memory::reset(Mode mode, unsigned threads, bool fences) {
  mode_ = mode;
  threads_ = static_cast<std::uint8_t>(threads);
  locations_ = cell_count_ = 0;
  begin_[0] = 0;
  fences_ = fences;
  overflowed_ = false;
  for (unsigned t = 0; t < max_threads; ++t) {
    current_[t] = acquirable_[t] = released_[t] = View{};
    returned_[t] = 0;
  }
  sequential_ = View{};
}

unsigned Memory::add_location(std::uint64_t initial) {
  if (locations_ == max_locations) {
    overflowed_ = true;
    return 0;
  }
  const unsigned location = locations_++;
  begin_[location + 1] = begin_[location];
  insert(location, 0, Message{initial, 0, {}}, 0);
  return location;
}

unsigned Memory::add_cell(std::uint64_t initial) {
  if (cell_count_ == max_cells) {
    overflowed_ = true;
    return 0;
  }
  cells_[cell_count_] = Cell{initial, 0, 0, {}, {}};
  return cell_count_++;
}

Hash Memory::hash() const {
  Hash hash{locations_, cell_count_};
  const auto* begin = reinterpret_cast<const char*>(&begin_);
  hash = hash_more(hash, begin, static_cast<std::size_t>(locations_) + 1);
  hash = hash_more(hash, returned_, sizeof returned_);
  hash = hash_more(hash, current_, sizeof(View) * threads_);
  hash = hash_more(hash, &sequential_, sizeof sequential_);
  if (fences_) {
    hash = hash_more(hash, acquirable_, sizeof(View) * threads_);
    hash = hash_more(hash, released_, sizeof(View) * threads_);
  }
  if (cell_count_ > 0) hash = hash_more(hash, cells_, sizeof(Cell) * cell_count_);
  return hash_more(hash, messages_, sizeof(Message) * begin_[locations_]);
}

template <class Change>
void Memory::for_each_view(Change change) {
  for (unsigned t = 0; t < threads_; ++t) {
    change(current_[t]);
    if (fences_) {
      change(acquirable_[t]);
      change(released_[t]);
    }
  }
  change(sequential_);
  for (unsigned m = 0; m < begin_[locations_]; ++m) change(messages_[m].released);
}

void Memory::forget(unsigned running) {
  View known;
  known.of.fill(running == 0 ? 0 : 0xFF);
  for (unsigned t = 0; t < threads_; ++t) {
    if (running >> t & 1u) known.meet(current_[t]);
  }
  if (running == 0) {  // all have ended: the last messages are what is left
    for (unsigned l = 0; l < locations_; ++l) known[l] = static_cast<std::uint8_t>(last(l));
    for (unsigned t = 0; t < threads_; ++t) known[View::accesses_at + t] = 0xFF;
  }
  // Counts of recorded operations are facts of the history, not ranks: they stay as they are.
  for (unsigned t = 0; t < threads_; ++t) known[View::operations_at + t] = 0;
  if (known == View{}) return;
  drop_messages(known);
  for_each_view([&](View& view) { view.lower(known); });
  for (unsigned c = 0; c < cell_count_; ++c) {
    Cell& cell = cells_[c];
    const auto lower = [&](std::uint8_t count, unsigned thread) {
      const std::uint8_t by = known[View::accesses_at + thread];
      return static_cast<std::uint8_t>(count > by ? count - by : 0);
    };
    cell.written = lower(cell.written, cell.writer);
    if (cell.written == 0) cell.writer = 0;
    for (unsigned t = 0; t < threads_; ++t) cell.read[t] = lower(cell.read[t], t);
  }
}

void Memory::drop_messages(const View& below) {
  unsigned to = 0, from = 0;
  for (unsigned l = 0; l < locations_; ++l) {
    const unsigned end = begin_[l + 1];
    from += below[l];
    begin_[l] = static_cast<std::uint8_t>(to);
    messages_[from].follows = 0;  // what it followed is gone
    for (; from < end; ++from, ++to) {
      if (from == to) continue;
      messages_[to] = messages_[from];
      stamps_[to] = stamps_[from];
    }
  }
  begin_[locations_] = static_cast<std::uint8_t>(to);
}

void Memory::thread_ended(unsigned thread) {
  if (fences_) return;
  current_[thread] = View{};
}

}  // namespace shunt::testing
