// Objects from a seed: all are allocated first, in order, and then those that were doomed die.
//
// Because they die afterwards, handles are as in a heap that has shrunk: the table has as many gaps as the
// heap. The i-th object that was allocated has the handle with index i.
#pragma once

#include <random>
#include <vector>

#include "compact/population.hpp"

namespace shunt::bench {

class Synthetic final : public Population {
 public:
  explicit Synthetic(const Cell& cell) : cell_(cell) {}

  HeapOptions options() const override;
  void fill(Heap&) override;
  std::uint64_t damaged(Heap&) const override;

 private:
  std::size_t next_size();
  bool next_dies();

  Cell cell_;
  std::mt19937_64 random_{};
  std::size_t left_in_run_ = 0;
  bool in_dead_run_ = false;
  std::uint64_t expected_live_ = 0;
};

}  // namespace shunt::bench
