// The regions that a compaction fills: claimed before the plan, given their kind by it, Live or free again
// after it.
//
// Claimed regions are Allocating and nobody else's. Those that the plan does not use go back to Free, as do
// all when the compaction ends before it has a plan: nothing in them was handed out (invariant 3). Not
// thread-safe: one thread compacts.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "compact/evacuator.hpp"
#include "plan/plan.hpp"
#include "region/region_space.hpp"

namespace shunt {

class Destinations {
 public:
  explicit Destinations(RegionSpace& regions) : regions_(regions) {}
  ~Destinations() { give_back_unused(); }
  Destinations(const Destinations&) = delete;
  Destinations& operator=(const Destinations&) = delete;

  // Arena bytes that claim() needs at most.
  static std::size_t memory_bytes(const RegionSpace&);

  // Claims what evacuating `facts` could need, or as many as there are. Error: the arena is full. O(facts).
  Result<void> claim(std::span<const RegionFacts> facts, const Goal&, Arena&);
  // By address, while no plan has been taken.
  std::span<const RegionIndex> claimed() const { return unused_; }

  // Gives the plan's destinations their kinds and tops, and the others back.
  void adopt(const Plan&);
  // The plan's destinations become Live; one to which nothing came, because all of it stayed, is released and
  // becomes Free. Live bytes have been counted. Returns how many regions were filled.
  std::uint32_t finish(const Plan&, Evacuator&);

 private:
  std::size_t needed(std::span<const RegionFacts> facts, const Goal&) const;
  void give_back_unused();

  RegionSpace& regions_;
  std::span<RegionIndex> unused_{};
};

}  // namespace shunt
