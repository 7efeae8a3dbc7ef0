// Transitions, pins and forwarding, explored: what is published before a transition is seen by who sees the
// state, pins and selection exclude each other, and a region that came back is not taken for one that never
// left.
#include "region/exploration_scenarios.hpp"

namespace shunt::testing {
namespace {

using enum RegionState;
using Regions = ExploredRegions;

constexpr RegionIndex first{0};
constexpr std::uint32_t old_life = 7, new_life = 8;

// Takes the region along these states; requires that nobody is in the way.
void lead(Regions& s, RegionIndex r, std::initializer_list<RegionState> states) {
  RegionState from = s.table.word(r).state();
  for (const RegionState to : states) {
    require(bool(s.table.transition(r, from, to)), "a transition that nobody disputes");
    from = to;
  }
}

// The first region is Live, with contents; the others are Free.
RegionProgram with_a_live_region(std::uint32_t regions, std::vector<std::function<void(Regions&)>> threads) {
  RegionProgram program;
  program.threads = std::move(threads);
  program.prepare = [=](Regions& s) {
    s.open(regions);
    require(s.table.claim(RegionKind::Small) == first, "the lowest is claimed");
    s.contents[0] = old_life;
    lead(s, first, {Live});
  };
  return program;
}

// An owner fills its region, makes it Live; who looks it up and finds it Live reads what is in it.
RegionProgram publish() {
  RegionProgram program;
  program.prepare = [](Regions& s) { s.open(1); };
  program.threads = {[](Regions& s) {
                       const RegionIndex r = s.table.claim(RegionKind::Small);
                       s.contents[0] = old_life;
                       lead(s, r, {Live});
                     },
                     [](Regions& s) {
                       if (s.table.lookup(Regions::address_in(0)).is(Live)) {
                         require(s.contents[0] == old_life, "a Live region's contents are seen");
                       }
                     }};
  return program;
}

// Whoever has pinned the region writes to it; whoever has taken it from Live to `taken` (Selected, or
// Quarantined because it is empty) does, too, and it stays what it is.
RegionProgram take_and_pin(RegionState taken) {
  const auto pin = [=](Regions& s) {
    const unsigned me = Execution::running().thread();
    if (s.table.pin(first) != PinOutcome::Done) return;
    require(!s.table.word(first).is(taken), "a pinned region is not taken");
    if (me == 0) s.contents[0] = old_life + 1;
    require(s.table.unpin(first) == PinOutcome::Done, "a pin is there until it is taken back");
  };
  RegionProgram program = with_a_live_region(
      1, {pin, pin, [=](Regions& s) {
            const TransitionResult selected = s.table.transition(first, Live, taken, 1);
            if (!selected) {
              require(selected.outcome == TransitionOutcome::Pinned, "only a pin keeps it from being taken");
              return;
            }
            s.contents[0] = old_life + 2;
            require(!s.table.word(first).is_pinned(), "a region that is taken has no pins");
          }});
  program.finish = [=](Regions& s) {
    require(s.table.word(first).pins() == 0, "all pins were taken back");
    if (s.table.word(first).is(taken)) require(s.contents[0] == old_life + 2, "nobody wrote afterwards");
  };
  return program;
}

// Pins of a large object's head and tail, while its owner makes it Live from the head on, and it is selected.
RegionProgram pin_a_tail() {
  RegionProgram program;
  program.prepare = [](Regions& s) {
    s.open(2);
    require(s.table.claim_contiguous(2) == first, "both are Free");
  };
  program.threads = {[](Regions& s) {
                       lead(s, first, {Live});
                       lead(s, RegionIndex{1}, {Live});
                     },
                     [](Regions& s) {
                       if (s.table.pin(RegionIndex{1}) != PinOutcome::Done) return;
                       require(s.table.word(first).pins() == 1, "a tail's pin is on its head");
                       require(!s.table.word(first).is(Selected), "so the head is not Selected");
                       s.owned[1] = 1;
                     },
                     [](Regions& s) {
                       if (s.table.transition(first, Live, Selected, 3)) s.owned[2] = 1;
                     }};
  program.finish = [](Regions& s) {
    require(s.table.word(RegionIndex{1}).pins() == 0, "a tail has no pins");
    require(s.table.word(first).pins() == s.owned[1], "what was pinned stays pinned");
    require(s.owned[1] + s.owned[2] <= 1, "pinned or selected, not both");
  };
  return program;
}

// One decides about a region from its word and its life, and selects it by the word that he saw, while
// another takes it through all its states to its next life.
RegionProgram select_by_word() {
  RegionProgram program =
      with_a_live_region(1, {[](Regions& s) {
                               if (!s.table.transition(first, Live, Selected)) return;
                               lead(s, first, {Forwarding, Quarantined});
                               require(bool(s.table.release(first)), "a Quarantined region can be released");
                               if (s.table.claim(RegionKind::Small) != first) return;
                               s.flag.store(new_life, std::memory_order_relaxed);
                               lead(s, first, {Live});
                             },
                             [](Regions& s) {
                               const RegionWord seen = s.table.word(first);
                               const std::uint32_t life = s.flag.load(std::memory_order_relaxed);
                               if (!seen.is(Live) || !s.table.transition(first, seen, Selected, 1)) return;
                               require(s.flag.load(std::memory_order_relaxed) == life,
                                       "what was selected is what was looked at");
                             }});
  return program;
}

// Two compactors want a region; the one who is refused is told the state that is there, and may rely on it.
RegionProgram refused_transition() {
  return with_a_live_region(1, {[](Regions& s) {
                                  if (!s.table.transition(first, Live, Selected, 1)) return;
                                  s.contents[0] = new_life;
                                  s.table.transition(first, Selected, Forwarding);  // or the other was first
                                },
                                [](Regions& s) {
                                  const TransitionResult result = s.table.transition(first, Selected, Live);
                                  if (result.outcome != TransitionOutcome::Changed) return;
                                  if (result.found != Forwarding) return;
                                  require(s.contents[0] == new_life,
                                          "who is told a state sees what led to it");
                                }});
}

// What the second thread returned to Live may be pinned at once by a third: the whole backward arrow.
RegionProgram return_to_live() {
  return with_a_live_region(1, {[](Regions& s) {
                                  if (!s.table.transition(first, Live, Selected, 1)) return;
                                  s.contents[0] = new_life;
                                  lead(s, first, {Live});
                                },
                                [](Regions& s) {
                                  if (s.table.pin(first) == PinOutcome::Done) {
                                    require(s.contents[0] >= old_life,
                                            "a pin sees what was done while Selected");
                                    require(s.table.unpin(first) == PinOutcome::Done, "pinned");
                                  }
                                }});
}

// ---- Forwarding: an entry, written before the region becomes Forwarding, says where its object went.

struct Entry {
  Regions* regions;
  Address forward_in_slot(std::uint32_t slot, Address a) const {
    require(slot == 3, "the slot is the one that was given");
    const std::uint32_t to = regions->entry;
    require(to == 1, "the entry is written");
    return a + (std::size_t{to} << 21);
  }
};

// A compactor moves region 0 to region 1 and frees it once the reader is through; an allocator takes what is
// free. The reader's reference is to what was at the old place.
RegionProgram forward_and_reuse() {
  RegionProgram program = with_a_live_region(
      3, {[](Regions& s) {
            require(bool(s.table.transition(first, Live, Selected, 3)), "nobody else selects");
            s.contents[1] = std::uint32_t(s.contents[0]);
            s.entry = 1;
            lead(s, first, {Forwarding, Quarantined});
            if (s.flag.load(std::memory_order_acquire) == 0) return;
            require(bool(s.table.release(first)), "nobody else releases");
          },
          [](Regions& s) {
            const Address old = Regions::address_in(0), now = s.table.forward(old, Entry{&s});
            const std::uint32_t region = value(s.table.region_of(now));
            require(region <= 1, "the object is at its old place or at its new one");
            require(s.contents[region] == old_life, "and is whole");
            s.flag.store(1, std::memory_order_release);
          },
          [](Regions& s) {
            const RegionIndex r = s.table.claim(RegionKind::Small);
            if (r == first) s.contents[0] = new_life;
          }});
  program.prepare = [prepare = program.prepare](Regions& s) {
    prepare(s);
    require(s.table.claim(RegionKind::Small) == RegionIndex{1}, "the destination");
  };
  return program;
}

}  // namespace

std::vector<Scenario> transition_scenarios() {
  return {{"publish/look-up", publish()},
          {"select/pin", take_and_pin(Selected)},
          {"quarantine/pin", take_and_pin(Quarantined)},
          {"select/pin of a tail", pin_a_tail()},
          {"select by word/free and reclaim", select_by_word()},
          {"refused transition", refused_transition()},
          {"return to Live/pin", return_to_live()},
          {"forward/look-up/quarantine/free/claim", forward_and_reuse()}};
}

}  // namespace shunt::testing

using namespace shunt::testing;

TEST_CASE("exploration: transitions, pins and forwarding of the region table") {
  for (const Scenario& scenario : transition_scenarios()) explore_all(scenario.name, scenario.program);
}
