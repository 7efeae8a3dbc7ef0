// Those who hand out single regions, made alike for the claim benchmarks: claim(thread) answers a region or
// `none`, release(thread, region) takes it back.
//
// Each starts with the same regions in use; the rest is free. What each promises differs: TablePool and
// SpacePool give the lowest region that a scan from a hint finds and keep a word that anybody may look up; a
// LockedFreeSet gives the very lowest and has no such word; a FreeStack gives the one released last.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "free_stack.hpp"
#include "locked_free_set.hpp"
#include "region/bare_table.hpp"
#include "region/region_space.hpp"

namespace shunt::bench {

inline constexpr std::uint32_t most_threads = 64;
inline constexpr std::uint32_t no_region = 0xFFFF'FFFF;
using InUse = std::vector<bool>;  // by region

// Each thread's own, a cache line each.
class OwnHints {
 public:
  OwnHints() {
    for (std::uint32_t i = 0; i < most_threads; ++i) hints_.push_back({ClaimHint(i)});
  }
  ClaimHint& operator[](unsigned thread) { return hints_[thread].hint; }

 private:
  struct alignas(64) Line {
    ClaimHint hint;
  };
  std::vector<Line> hints_{};
};

// The bare table: a claim with the thread's own hint, and Allocating -> Free.
class TablePool {
 public:
  explicit TablePool(const InUse& in_use) : bare_(static_cast<std::uint32_t>(in_use.size())) {
    for (std::size_t i = 0; i < in_use.size(); ++i) bare_.table.claim(RegionKind::Small);
    for (std::uint32_t i = 0; i < in_use.size(); ++i) {
      if (!in_use[i]) release(0, i);
    }
  }
  std::uint32_t claim(unsigned thread) { return value(bare_.table.claim(RegionKind::Small, hints_[thread])); }
  void release(unsigned, std::uint32_t r) {
    bare_.table.transition(RegionIndex{r}, RegionState::Allocating, RegionState::Free);
  }

 private:
  BareTable bare_;
  OwnHints hints_{};
};

// RegionSpace, a region's whole life: claim; then retire, find it empty (Selected, Forwarding, Quarantined)
// and release it.
class SpacePool {
 public:
  explicit SpacePool(const InUse& in_use) : space_(open(static_cast<std::uint32_t>(in_use.size()))) {
    for (std::size_t i = 0; i < in_use.size(); ++i) claim(0);
    for (std::uint32_t i = 0; i < in_use.size(); ++i) {
      if (!in_use[i]) release(0, i);
    }
  }
  std::uint32_t claim(unsigned thread) {
    const Result<RegionIndex> r = space_.claim(RegionKind::Small, hints_[thread]);
    return r ? value(r.value()) : no_region;
  }
  void release(unsigned, std::uint32_t i) {
    const RegionIndex r{i};
    if (!space_.retire(r) || !space_.quarantine_if_empty(r) || !space_.release(r)) {
      give_up("space", "a region that its owner could not release");
    }
  }

 private:
  static RegionSpace open(std::uint32_t regions) {
    Result<RegionSpace> space = RegionSpace::open(os::SystemCalls::real(), geometry_of(regions));
    if (!space) give_up(space.error().operation, space.error().advice);
    return space.take();
  }
  RegionSpace space_;
  OwnHints hints_{};
};

// A baseline, which starts with nothing free. Released downwards, so that a stack, too, gives low ones first.
template <class Baseline>
class BaselinePool {
 public:
  explicit BaselinePool(const InUse& in_use) : free_(static_cast<std::uint32_t>(in_use.size())) {
    for (auto i = static_cast<std::uint32_t>(in_use.size()); i-- > 0;) {
      if (!in_use[i]) free_.release(i);
    }
  }
  std::uint32_t claim(unsigned) { return free_.claim(); }
  void release(unsigned, std::uint32_t r) { free_.release(r); }

 private:
  Baseline free_;
};

}  // namespace shunt::bench
