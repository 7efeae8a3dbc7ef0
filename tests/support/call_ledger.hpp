// What Shunt holds of the kernel: mappings and descriptors, kept by watching the calls that go through a
// gate.
//
// Unlike a count of VMAs it does not see what malloc, doctest or a neighbour's merge do. What the kernel
// refused to take back (munmap, close) is no leak of Shunt's; give_back_refused() takes it back afterwards,
// so that thousands of runs fit in one process. Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/simulated_kernel.hpp"

namespace shunt::testing {

class CallLedger {
 public:
  void observe(const KernelCall&, long answer);
  // Held, and nobody has tried to give it back. Empty: nothing.
  std::string what_is_leaked() const;
  std::size_t leaked_bytes() const;
  std::size_t open_descriptors() const { return open_.size(); }
  void give_back_refused();

 private:
  using Ranges = std::map<std::uintptr_t, std::uintptr_t>;  // start to end, disjoint
  static void add(Ranges&, std::uintptr_t start, std::size_t bytes);
  static void subtract(Ranges&, std::uintptr_t start, std::size_t bytes);
  void observe_mapping(const KernelCall&, long answer);
  void observe_descriptor(const KernelCall&, long answer);
  void forget_holes(std::uintptr_t start, std::size_t bytes);
  Ranges leaked_ranges() const;

  Ranges mapped_;
  std::vector<std::pair<std::uintptr_t, std::size_t>> refused_ranges_;
  std::set<int> open_;
  std::set<int> refused_descriptors_;
};

}  // namespace shunt::testing
