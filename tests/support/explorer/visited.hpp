// The states that were explored, by a hash of 128 bits, each with how many ways lead from it to an end.
//
// An open hash table: two states with the same 128 bits would be taken for one, which in an exploration of a
// billion states happens once in 10^20 explorations. Grows; forgets nothing.
#pragma once

#include <vector>

#include "support/explorer/memory.hpp"

namespace shunt::testing {

class Visited {
 public:
  // The number of ways from the state to an end, or null.
  const double* find(const Hash& key) const {
    const Entry& entry = slots_[slot_of(key)];
    return entry.ways > 0 ? &entry.ways : nullptr;
  }
  // `ways` is at least 1.
  void insert(const Hash& key, double ways) {
    if (2 * ++count_ > slots_.size()) grow();
    slots_[slot_of(key)] = {key, ways};
  }
  std::uint64_t size() const { return count_; }
  void clear() { *this = Visited(); }

 private:
  struct Entry {
    Hash key;
    double ways = 0;
  };

  std::size_t slot_of(const Hash& key) const {
    std::size_t slot = key.low & (slots_.size() - 1);
    while (slots_[slot].ways > 0 && !(slots_[slot].key == key)) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }
  void grow() {
    std::vector<Entry> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Entry& entry : old) {
      if (entry.ways > 0) slots_[slot_of(entry.key)] = entry;
    }
  }

  std::vector<Entry> slots_ = std::vector<Entry>(1024);
  std::uint64_t count_ = 0;
};

}  // namespace shunt::testing
