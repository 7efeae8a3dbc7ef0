// The sequential model of claims and releases that explored histories are checked against, and what must hold
// of the table when all threads have ended.
#pragma once

#include "region/exploration.hpp"
#include "support/linearizability.hpp"

namespace shunt::testing {

using ClaimEvent = Event<ClaimOperation, std::uint32_t>;

// Which regions are taken. `none` is right when no region, or no run of regions, is Free; with `lending` at
// any time: a claim of several regions may hold some that it gives back, and others then answer none rightly.
class ClaimModel {
 public:
  ClaimModel(std::uint32_t regions, std::uint32_t taken, bool lending)
      : regions_(regions), taken_(taken), lending_(lending) {}

  bool apply(const ClaimOperation& operation, std::uint32_t result);
  bool operator==(const ClaimModel&) const = default;
  std::size_t hash() const { return taken_; }
  static std::string describe(const ClaimOperation& operation, std::uint32_t result);

 private:
  static std::uint32_t run(std::uint32_t start, std::uint32_t count) { return ((1u << count) - 1) << start; }
  bool is_free(std::uint32_t start, std::uint32_t count) const {
    return start + count <= regions_ && (taken_ & run(start, count)) == 0;
  }

  std::uint32_t regions_, taken_;
  bool lending_;
};

// Requires that the history is explained by a model of `regions` of which those in the mask `taken` were
// taken.
void require_linearizable(const ExploredRegions&, std::uint32_t regions, std::uint32_t taken, bool lending);
// Requires that words and owners agree: every region that is not Free has one owner, or was `taken` before
// and is no thread's; heads have their tails.
void require_consistent(const ExploredRegions&, std::uint32_t regions, std::uint32_t taken);

}  // namespace shunt::testing
