// Those who hand out contiguous regions, made alike: claim(count) answers the first region or `none`,
// release(start, count) takes them back.
//
// SpanTable and SpanSpace keep a word of each region that anybody may look up, and so write all of them;
// SpanBaseline does so only if it is told to.
#pragma once

#include "locked_spans.hpp"
#include "region/pools.hpp"

namespace shunt::bench {

// The bare table: claim_contiguous(), then Allocating -> Free for each region.
class SpanTable {
 public:
  explicit SpanTable(const InUse& in_use) : bare_(static_cast<std::uint32_t>(in_use.size())) {
    for (std::size_t i = 0; i < in_use.size(); ++i) bare_.table.claim(RegionKind::Small);
    for (std::uint32_t i = 0; i < in_use.size(); ++i) {
      if (!in_use[i]) release(i, 1);
    }
  }
  std::uint32_t claim(std::uint32_t count) { return value(bare_.table.claim_contiguous(count)); }
  void release(std::uint32_t start, std::uint32_t count) {
    for (std::uint32_t i = start; i < start + count; ++i) {
      bare_.table.transition(RegionIndex{i}, RegionState::Allocating, RegionState::Free);
    }
  }

 private:
  BareTable bare_;
};

// RegionSpace, a large object's whole life.
class SpanSpace {
 public:
  explicit SpanSpace(const InUse& in_use)
      : space_(
            RegionSpace::open(os::SystemCalls::real(), geometry_of(static_cast<std::uint32_t>(in_use.size())))
                .take()) {
    for (std::size_t i = 0; i < in_use.size(); ++i) space_.claim(RegionKind::Small).take();
    for (std::uint32_t i = 0; i < in_use.size(); ++i) {
      if (!in_use[i]) release(i, 1);
    }
  }
  std::uint32_t claim(std::uint32_t count) {
    const Result<RegionIndex> r = space_.claim_contiguous(count);
    return r ? value(r.value()) : no_region;
  }
  void release(std::uint32_t start, std::uint32_t) {
    const RegionIndex r{start};
    if (!space_.retire(r) || !space_.quarantine_if_empty(r) || !space_.release(r)) {
      give_up("space", "a large object that its owner could not release");
    }
  }

 private:
  RegionSpace space_;
};

template <baselines::LockedSpans::Words words>
class SpanBaseline {
 public:
  explicit SpanBaseline(const InUse& in_use) : spans_(static_cast<std::uint32_t>(in_use.size()), words) {
    for (std::uint32_t i = 0; i < in_use.size(); ++i) {
      if (!in_use[i]) spans_.release(i, 1);
    }
  }
  std::uint32_t claim(std::uint32_t count) { return spans_.claim(count); }
  void release(std::uint32_t start, std::uint32_t count) { spans_.release(start, count); }

 private:
  baselines::LockedSpans spans_;
};

}  // namespace shunt::bench
