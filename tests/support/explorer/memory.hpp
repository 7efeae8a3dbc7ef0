// The simulated memory: what has been written to each atomic location, in modification order, and what each
// thread knows of it. A view machine for C++20's release/acquire/relaxed/seq_cst (docs/exploration.md says
// which behaviours it has and which it has not), after Kang, Hur, Lahav, Vafeiadis, Dreyer, "A promising
// semantics for relaxed-memory concurrency" (POPL 2017), without promises.
//
// Keeps true: message ranks are counted from the oldest message that a running thread may still read; views
// never exceed the last rank; nothing is kept that cannot change what happens later, so equal bytes mean
// equal futures. A flat value without pointers: copying it is what lets an exploration go back to a state.
#pragma once

#include <vector>

#include "support/explorer/operation.hpp"
#include "support/explorer/view.hpp"

namespace shunt::testing {

struct Hash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Hash&) const = default;
};

// 128 bits of `bytes` and of what was hashed before.
Hash hash_more(Hash before, const void* bytes, std::size_t size);

class Memory {
 public:
  static constexpr unsigned max_messages = 128;
  static constexpr unsigned max_cells = 16;

  Memory() = default;
  Memory(const Memory& other) { *this = other; }
  Memory& operator=(const Memory& other);  // copies what is in use only
  // Empties it, for a program of that many threads.
  void reset(Mode, unsigned threads, bool fences);

  // Both before any thread runs; they answer the new location's or cell's number.
  unsigned add_location(std::uint64_t initial);
  unsigned add_cell(std::uint64_t initial);

  // Appends the ways in which `thread` could do this step now; there is at least one.
  void list_choices(unsigned thread, const Step&, bool may_fail_spuriously, std::vector<Choice>& into) const;
  // `stamp` numbers the step for traces.
  StepResult perform(const Step&, const Choice&, std::uint16_t stamp);

  // Before the threads start and after they have ended: one thread, the last message, no choices.
  StepResult perform_alone(const Step&);

  // Plain data. False: another thread's access of the cell did not happen before this one (a data race).
  bool read_cell(unsigned thread, unsigned cell, std::uint64_t& value);
  bool write_cell(unsigned thread, unsigned cell, std::uint64_t value);
  std::uint64_t cell(unsigned i) const { return cells_[i].value; }
  void set_cell_alone(unsigned i, std::uint64_t value) { cells_[i].value = value; }

  // Recorded operations (recorder.hpp): `thread` has finished one; how many of `other` precede what it does
  // now.
  void operation_returned(unsigned thread);
  unsigned operations_before(unsigned thread, unsigned other) const;

  // Drops what nobody can see any more. `running` has a bit for each thread that has not ended.
  void forget(unsigned running);
  // A thread has ended: what it knows matters no more, unless a later fence may ask it.
  void thread_ended(unsigned thread);
  Hash hash() const;

  // Fences make what a thread might still acquire part of the state; programs without them are spared that.
  bool has_fences() const { return fences_; }

  // For traces.
  unsigned messages(unsigned location) const { return begin_[location + 1u] - begin_[location]; }
  std::uint64_t value_at(unsigned location, unsigned rank) const {
    return messages_[begin_[location] + rank].value;
  }
  std::uint16_t stamp_at(unsigned location, unsigned rank) const { return stamps_[begin_[location] + rank]; }
  bool overflowed() const { return overflowed_; }

 private:
  struct Message {
    std::uint64_t value;
    std::uint64_t follows;  // 1: a read-modify-write that read the message before it; nothing comes between
    View released;
  };
  struct Cell {
    std::uint64_t value;
    std::uint8_t writer;
    std::uint8_t written;            // the writer's count of accesses, 0: known to all
    std::uint8_t read[max_threads];  // each reader's count of accesses since then
    std::uint8_t padding[2];
  };

  unsigned last(unsigned location) const { return messages(location) - 1; }
  Message& at(unsigned location, unsigned rank) { return messages_[begin_[location] + rank]; }
  const Message& at(unsigned location, unsigned rank) const { return messages_[begin_[location] + rank]; }
  bool is_followed(unsigned location, unsigned rank) const {
    return rank < last(location) && at(location, rank + 1).follows != 0;
  }
  unsigned oldest_readable(unsigned thread, unsigned location, std::memory_order) const;

  void read(unsigned thread, unsigned location, unsigned rank, std::memory_order);
  void write(unsigned thread, unsigned location, unsigned rank, std::uint64_t value, std::memory_order,
             std::uint16_t stamp);
  void update(unsigned thread, unsigned location, unsigned rank, std::uint64_t value, std::memory_order,
              std::uint16_t stamp);
  void insert(unsigned location, unsigned rank, const Message&, std::uint16_t stamp);
  void make_room(unsigned location, unsigned rank);
  void fence(unsigned thread, std::memory_order);
  void heavy_fence(unsigned thread);
  StepResult perform_interleaved(const Step&, unsigned thread, bool spurious, std::uint16_t stamp);
  template <class Change>
  void for_each_view(Change change);
  void drop_messages(const View& below);

  // What is hashed always comes first and without gaps; see hash().
  std::array<std::uint8_t, max_locations + 1> begin_{};  // of each location's messages in messages_
  Mode mode_ = Mode::sequentially_consistent;
  std::uint8_t threads_ = 0, locations_ = 0, cell_count_ = 0;
  bool fences_ = false, overflowed_ = false;
  std::uint8_t returned_[max_threads]{};  // recorded operations of each thread that have returned
  View current_[max_threads]{};           // what each thread must not go back behind
  View acquirable_[max_threads]{};        // what an acquire fence would add
  View released_[max_threads]{};          // what relaxed stores carry since the last release fence
  View sequential_{};                     // what the last of all seq_cst steps knew, location by location
  Cell cells_[max_cells];
  std::uint16_t stamps_[max_messages];
  Message messages_[max_messages];
};

}  // namespace shunt::testing
