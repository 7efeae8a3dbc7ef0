// Claims of one region and of several, and releases, explored: no region is owned twice, nothing stays half
// claimed, each answer is one that a sequential table could have given, and what an owner did is seen by the
// next.
#include "region/exploration_model.hpp"
#include "region/exploration_scenarios.hpp"

namespace shunt::testing {
namespace {

using Body = std::function<void(ExploredRegions&)>;

// Threads over `regions` regions of which those in the mask `taken` are Allocating at the start, region r
// owned by the thread `owners[r]`, if there is one.
RegionProgram claims(std::uint32_t regions, std::uint32_t taken, std::vector<Body> threads, bool lending,
                     std::vector<unsigned> owners = {}) {
  RegionProgram program;
  program.threads = std::move(threads);
  program.prepare = [=](ExploredRegions& s) {
    s.open(regions);
    for (std::uint32_t r = 0; r < regions; ++r) {
      if ((taken >> r & 1u) == 0) continue;
      require(s.table.claim_at(RegionIndex{r}, 1), "nobody else is there yet");
      require(s.table.assume(RegionIndex{r}, RegionKind::Small, 0), "it is Allocating");
      if (r < owners.size()) s.owned[owners[r]] |= 1u << r;
    }
  };
  program.finish = [=](ExploredRegions& s) {
    require_consistent(s, regions, taken);
    require_linearizable(s, regions, taken, lending);
  };
  return program;
}

const Body claim_once = [](ExploredRegions& s) { s.claim(); };
const Body claim_twice = [](ExploredRegions& s) {
  s.claim();
  s.claim();
};
const Body claim_and_release = [](ExploredRegions& s) {
  const std::uint32_t r = s.claim();
  if (r != no_region) s.release(r);
};
Body claim_run(std::uint32_t count) {
  return [=](ExploredRegions& s) { s.claim_run(count); };
}

// Of claims of two regions in three, the one that gets the middle one gets the other too.
RegionProgram runs_over_each_other(std::uint32_t regions, std::vector<Body> threads) {
  RegionProgram program = claims(regions, 0, std::move(threads), true);
  program.finish = [finish = program.finish](ExploredRegions& s) {
    finish(s);
    std::uint32_t owned = 0;
    for (const std::uint32_t own : s.owned) owned |= own;
    require(owned != 0, "claims that are in each other's way do not all fail");
  };
  return program;
}

// At every moment one of two regions is Free, first the upper one: a claim must not answer none.
RegionProgram never_all_taken() {
  return claims(2, 0b01,
                {[](ExploredRegions& s) {
                   s.release(0);
                   s.claim_at(1, 1);
                 },
                 claim_once},
                false, {0});
}

// Who is told of a head that it has its tails.
RegionProgram look_at_heads() {
  return claims(3, 0,
                {claim_run(3),
                 [](ExploredRegions& s) {
                   const RegionWord head = s.table.word(RegionIndex{0});
                   if (head.kind() != RegionKind::LargeHead) return;
                   for (std::uint32_t k = 1; k < head.payload(); ++k) {
                     const RegionWord tail = s.table.word(RegionIndex{k});
                     require(tail.kind() == RegionKind::LargeTail && tail.payload() == k,
                             "a head that is seen has its tails");
                     require(s.table.head_of(RegionIndex{k}) == RegionIndex{0}, "and they have it");
                   }
                 }},
                true);
}

// Three threads, two to four operations each. Only the smaller of them end within a soak's share of time.
std::vector<Scenario> larger_scenarios() {
  const Body twice = [](ExploredRegions& s) {
    claim_and_release(s);
    claim_and_release(s);
  };
  const Body run_and_release = [](ExploredRegions& s) {
    const std::uint32_t r = s.claim_run(2);
    if (r == no_region) return;
    s.release(r);
    s.release(r + 1);
  };
  const Body once = claim_and_release;
  return {{"3 x 2: claim and release, of one", claims(1, 0, {once, once, once}, false)},
          {"3 x 2: claim and release, of three", claims(3, 0, {once, once, once}, false)},
          {"3 x 3: claim-N and release", claims(3, 0, {run_and_release, once, once}, true)},
          {"3 x 4: claim and release, of one", claims(1, 0, {twice, twice, twice}, false)},
          {"3 x 4: claim and release, of two", claims(2, 0, {twice, twice, twice}, false)}};
}

}  // namespace

std::vector<Scenario> claim_scenarios() {
  return {
      {"claim/claim", claims(3, 0, {claim_twice, claim_twice}, false)},
      {"claim/claim/claim of two", claims(2, 0, {claim_once, claim_once, claim_once}, false)},
      {"claim-N/claim", claims(3, 0, {claim_run(2), claim_twice}, true)},
      {"claim-N/claim-N", runs_over_each_other(3, {claim_run(2), claim_run(2)})},
      {"claim-2/claim-3", runs_over_each_other(4, {claim_run(2), claim_run(3)})},
      {"claim/release/claim", claims(1, 0, {claim_and_release, claim_and_release}, false)},
      {"claim/release/claim, taken",
       claims(2, 0b11, {[](ExploredRegions& s) { s.release(1); }, claim_once, claim_once}, false, {0, 0})},
      {"claim/claim, apart by hints", claims(10, 0b0001111111, {claim_twice, claim_twice}, false)},
      {"release/claim, never all taken", never_all_taken()},
      {"claim-N/look-up of heads", look_at_heads()},
  };
}

}  // namespace shunt::testing

using namespace shunt::testing;

TEST_CASE("exploration: claims and releases of the region table") {
  for (const Scenario& scenario : claim_scenarios()) explore_all(scenario.name, scenario.program);
}

TEST_CASE("exploration: claims and releases of three threads, in a soak") {
  if (soak_seconds() == 0) return;
  for (const Scenario& scenario : larger_scenarios()) explore_all(scenario.name, scenario.program, false);
}
