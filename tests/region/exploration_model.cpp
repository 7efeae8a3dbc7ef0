// See exploration_model.hpp.
#include "region/exploration_model.hpp"

namespace shunt::testing {

using Kind = ClaimOperation::Kind;

bool ClaimModel::apply(const ClaimOperation& operation, std::uint32_t result) {
  const std::uint32_t count = operation.count;
  if (operation.kind == Kind::Release) {
    if (is_free(operation.region, 1)) return false;
    taken_ &= ~run(operation.region, 1);
    return true;
  }
  if (result != no_region) {
    if (!is_free(result, count)) return false;
    taken_ |= run(result, count);
    return true;
  }
  if (lending_) return true;
  if (operation.kind == Kind::ClaimAt) return !is_free(operation.region, count);
  for (std::uint32_t start = 0; start + count <= regions_; ++start) {
    if (is_free(start, count)) return false;
  }
  return true;
}

std::string ClaimModel::describe(const ClaimOperation& operation, std::uint32_t result) {
  constexpr const char* names[] = {"claim", "claim_contiguous", "claim_at", "release"};
  return std::string(names[unsigned(operation.kind)]) + " of " + std::to_string(operation.count) +
         (operation.kind >= Kind::ClaimAt ? " at " + std::to_string(operation.region) : "") +
         (result == no_region ? ": none" : ": " + std::to_string(result));
}

void require_linearizable(const ExploredRegions& s, std::uint32_t regions, std::uint32_t taken,
                          bool lending) {
  const auto history = s.history.history<ClaimEvent>();
  const Linearizability answer = check_linearizable(history, ClaimModel(regions, taken, lending));
  require(bool(answer), answer.report);
}

void require_consistent(const ExploredRegions& s, std::uint32_t regions, std::uint32_t taken) {
  std::uint32_t owned = 0;
  for (const std::uint32_t own : s.owned) {
    require((owned & own) == 0, "no region has two owners");
    owned |= own;
  }
  for (std::uint32_t r = 0; r < regions; ++r) {
    const RegionWord word = s.table.word(RegionIndex{r});
    if ((taken >> r & 1u) != 0 && (owned >> r & 1u) == 0) continue;
    require(word.is(RegionState::Free) != ((owned >> r & 1u) != 0), "claimed is what somebody owns");
    if (word.kind() != RegionKind::LargeHead) continue;
    for (std::uint32_t k = 1; k < word.payload(); ++k) {
      const RegionWord tail = s.table.word(RegionIndex{r + k});
      require(tail.kind() == RegionKind::LargeTail && tail.payload() == k, "a head has its tails");
    }
  }
}

}  // namespace shunt::testing
