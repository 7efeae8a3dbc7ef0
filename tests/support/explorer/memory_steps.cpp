// The rules by which the simulated memory reads, writes and fences (memory.hpp says after whom).
#include <algorithm>

#include "support/explorer/memory.hpp"

namespace shunt::testing {
namespace {

std::uint64_t changed_value(const Step& step, std::uint64_t old) {
  switch (step.kind) {
    case StepKind::Add:
      return (old + step.operand) & step.mask;
    case StepKind::And:
      return old & step.operand;
    case StepKind::Or:
      return old | step.operand;
    default:
      return step.operand;
  }
}

Choice way(unsigned thread, unsigned variant, unsigned rank, bool spurious = false) {
  return {static_cast<std::uint8_t>(thread), static_cast<std::uint8_t>(variant),
          static_cast<std::uint8_t>(rank), spurious};
}

}  // namespace

// seq_cst steps are in the total order in which they are performed: none may go back behind the one before.
unsigned Memory::oldest_readable(unsigned thread, unsigned location, std::memory_order order) const {
  const unsigned seen = current_[thread][location];
  if (order != std::memory_order_seq_cst) return seen;
  return std::max<unsigned>(seen, sequential_[location]);
}

void Memory::list_choices(unsigned thread, const Step& step, bool may_fail_spuriously,
                          std::vector<Choice>& into) const {
  unsigned variant = 0;
  if (is_fence(step.kind)) {
    into.push_back(way(thread, 0, 0));
    return;
  }
  const unsigned location = step.location, newest = last(location);
  // The newest first: variant 0 everywhere is what a machine without reordering does.
  for (unsigned rank = newest + 1; rank-- > 0;) {
    const std::uint64_t value = value_at(location, rank);
    const bool compares = is_compare(step.kind), equal = value == step.expected;
    const auto order = compares && !equal ? step.failure_order : step.order;
    if (rank < oldest_readable(thread, location, order)) {
      if (rank < oldest_readable(thread, location, std::memory_order_relaxed)) break;
      continue;
    }
    // Who writes must fit in behind the message: no read-modify-write may have followed it.
    const bool writes = step.kind != StepKind::Load && (!compares || equal);
    if (!writes || !is_followed(location, rank)) into.push_back(way(thread, variant++, rank));
    if (step.kind == StepKind::CompareWeak && equal && may_fail_spuriously &&
        rank >= oldest_readable(thread, location, step.failure_order)) {
      into.push_back(way(thread, variant++, rank, true));
    }
  }
}

StepResult Memory::perform(const Step& step, const Choice& choice, std::uint16_t stamp) {
  const unsigned thread = choice.thread;
  if (mode_ == Mode::sequentially_consistent) {
    return perform_interleaved(step, thread, choice.spurious, stamp);
  }
  if (step.kind == StepKind::Fence) fence(thread, step.order);
  if (step.kind == StepKind::HeavyFence) heavy_fence(thread);
  if (is_fence(step.kind)) return {};
  const unsigned location = step.location, rank = choice.rank;
  if (step.kind == StepKind::Store) {
    write(thread, location, rank + 1, step.operand, step.order, stamp);
    return {};
  }
  const std::uint64_t old = value_at(location, rank);
  const bool success = !is_compare(step.kind) || (old == step.expected && !choice.spurious);
  read(thread, location, rank, success ? step.order : step.failure_order);
  if (success && changes_memory(step.kind)) {
    update(thread, location, rank, changed_value(step, old), step.order, stamp);
  }
  return {old, success};
}

void Memory::read(unsigned thread, unsigned location, unsigned rank, std::memory_order order) {
  View& mine = current_[thread];
  const View& released = at(location, rank).released;
  mine[location] = static_cast<std::uint8_t>(rank);
  if (acquires(order)) mine.join(released);
  if (fences_) {
    acquirable_[thread].join(released);
    acquirable_[thread].join(mine);
  }
  if (order == std::memory_order_seq_cst) sequential_[location] = static_cast<std::uint8_t>(rank);
}

// A store releases what it knows, or what the last release fence knew. It does not continue a release
// sequence, not even its own thread's (C++20, P0982).
void Memory::write(unsigned thread, unsigned location, unsigned rank, std::uint64_t value,
                   std::memory_order order, std::uint16_t stamp) {
  insert(location, rank, Message{value, 0, {}}, stamp);
  if (overflowed_) return;
  current_[thread][location] = static_cast<std::uint8_t>(rank);
  if (fences_) acquirable_[thread].join(current_[thread]);
  if (order == std::memory_order_seq_cst) sequential_[location] = static_cast<std::uint8_t>(rank);
  if (releases(order)) {
    at(location, rank).released = current_[thread];
  } else if (fences_) {
    at(location, rank).released = released_[thread];
  }
}

// The write of a read-modify-write whatever its order hands on what the message before it released.
void Memory::update(unsigned thread, unsigned location, unsigned rank, std::uint64_t value,
                    std::memory_order order, std::uint16_t stamp) {
  write(thread, location, rank + 1, value, order, stamp);
  if (overflowed_) return;
  Message& written = at(location, rank + 1);
  written.follows = 1;
  written.released.join(at(location, rank).released);
}

void Memory::insert(unsigned location, unsigned rank, const Message& message, std::uint16_t stamp) {
  const unsigned end = begin_[locations_], index = begin_[location] + rank;
  if (end == max_messages) {
    overflowed_ = true;
    return;
  }
  if (rank < messages(location)) make_room(location, rank);
  std::copy_backward(messages_ + index, messages_ + end, messages_ + end + 1);
  std::copy_backward(stamps_ + index, stamps_ + end, stamps_ + end + 1);
  for (unsigned l = location + 1; l <= locations_; ++l) ++begin_[l];
  messages_[index] = message;
  stamps_[index] = stamp;
}

// The messages from `rank` on get the next rank, wherever they are named.
void Memory::make_room(unsigned location, unsigned rank) {
  const auto shift = [&](View& view) {
    if (view[location] >= rank) ++view[location];
  };
  for (unsigned t = 0; t < threads_; ++t) {
    shift(current_[t]);
    shift(acquirable_[t]);
    shift(released_[t]);
  }
  shift(sequential_);
  for (unsigned m = 0; m < begin_[locations_]; ++m) shift(messages_[m].released);
}

void Memory::fence(unsigned thread, std::memory_order order) {
  View& mine = current_[thread];
  if (acquires(order)) mine = acquirable_[thread];
  if (order == std::memory_order_seq_cst) {
    mine.join_locations(sequential_);
    sequential_.join_locations(mine);
    acquirable_[thread].join(mine);
  }
  if (releases(order)) released_[thread] = mine;
}

// As if every other thread made a full fence while the caller makes its own: what they did before it is seen
// by the caller afterwards, what the caller did before it is seen by them afterwards.
void Memory::heavy_fence(unsigned thread) {
  fence(thread, std::memory_order_seq_cst);
  const View mine = current_[thread];
  View all = mine;
  for (unsigned t = 0; t < threads_; ++t) {
    if (t == thread) continue;
    all.join(acquirable_[t]);
    acquirable_[t].join(mine);
    current_[t] = released_[t] = acquirable_[t];
  }
  current_[thread] = acquirable_[thread] = released_[thread] = all;
  sequential_.join_locations(all);
}

// Every step is sequentially consistent: one message a location, read and replaced.
StepResult Memory::perform_interleaved(const Step& step, unsigned thread, bool spurious,
                                       std::uint16_t stamp) {
  if (is_fence(step.kind)) return {};
  Message& message = at(step.location, 0);
  const std::uint64_t old = message.value;
  if (step.kind != StepKind::Store) current_[thread].join(message.released);
  const bool success = !is_compare(step.kind) || (old == step.expected && !spurious);
  if (success && changes_memory(step.kind)) {
    message.value = changed_value(step, old);
    message.released = current_[thread];
    stamps_[begin_[step.location]] = stamp;
  }
  return {old, success};
}

StepResult Memory::perform_alone(const Step& step) {
  if (is_fence(step.kind)) return {};
  Message& message = at(step.location, last(step.location));
  const std::uint64_t old = message.value;
  const bool success = !is_compare(step.kind) || old == step.expected;
  if (success && changes_memory(step.kind)) message.value = changed_value(step, old);
  return {old, success};
}

// ---- Plain data: an access is ordered behind another if the thread's view counts it.

bool Memory::read_cell(unsigned thread, unsigned i, std::uint64_t& value) {
  Cell& cell = cells_[i];
  View& mine = current_[thread];
  value = cell.value;
  cell.read[thread] = ++mine[View::accesses_at + thread];
  if (fences_) acquirable_[thread].join(mine);
  if (cell.read[thread] == 0) overflowed_ = true;
  return cell.writer == thread || cell.written <= mine[View::accesses_at + cell.writer];
}

bool Memory::write_cell(unsigned thread, unsigned i, std::uint64_t value) {
  Cell& cell = cells_[i];
  View& mine = current_[thread];
  bool ordered = cell.writer == thread || cell.written <= mine[View::accesses_at + cell.writer];
  for (unsigned t = 0; t < threads_; ++t) {
    ordered = ordered && (t == thread || cell.read[t] <= mine[View::accesses_at + t]);
  }
  const std::uint8_t count = ++mine[View::accesses_at + thread];
  if (fences_) acquirable_[thread].join(mine);
  if (count == 0) overflowed_ = true;
  cell = Cell{value, static_cast<std::uint8_t>(thread), count, {}, {}};
  return ordered;
}

// ---- Recorded operations

void Memory::operation_returned(unsigned thread) {
  if (mode_ == Mode::sequentially_consistent) {
    ++returned_[thread];
    return;
  }
  ++current_[thread][View::operations_at + thread];
  if (fences_) acquirable_[thread].join(current_[thread]);
}

unsigned Memory::operations_before(unsigned thread, unsigned other) const {
  if (mode_ == Mode::sequentially_consistent) return returned_[other];
  return current_[thread][View::operations_at + other];
}

}  // namespace shunt::testing
