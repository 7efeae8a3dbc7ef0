// The sequential specification of the region table: what each call may answer, as if calls were done one
// after another. Recorded histories (history_recorder.hpp) are checked against it; it is as strict as is
// true.
//
// One atomic step each:
// - look-up: the region's word as it is. claim(kind): any Free region becomes Allocating. transition(), of
//   a state or of a word that was seen: done, or refused with the state that is there, or because it is
//   Live and pinned.
// - claim that answers none: at some moment of the call each region is taken, or Free but given back by a
//   call that has not returned yet, or lent (below). claim_at() that answers false: at some moment one of
//   its regions is taken or lent.
// Several steps, each of them atomic, other calls' steps between:
// - claim_contiguous(n), claim_at(n): takes its regions one by one, the highest first and the head last.
//   None: at some moment of the call each window of n regions has one that is taken, given back by a call
//   that has not returned, or lent.
// - release(first, n): frees its regions one by one, the head first. It, and a transition to Free, count as
//   "has not returned" from their first step to their last.
// - pin and unpin: find the head of the region; then count in the head's word. Of a tail that is neither
//   Allocating nor Live no head is found, and nothing is pinned.
// Lent: while a claim of n > 1 regions has not returned it may take any Free region that can be one of its
// tails, and give it back, as often as it likes. Others then see an Allocating tail, or find that the Free
// region's generation has grown. Nothing else shows; no head is ever lent.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "region/region_outcome.hpp"
#include "region/region_word.hpp"

namespace shunt::testing {

struct RegionStep {
  enum class Kind : std::uint8_t {
    Look,       // word(region)
    Claim,      // answers a region, or none
    BeginRun,   // claim_contiguous(count), or claim_at(region, count) if `placed`
    TakeTail,   // region, payload: its distance to the head
    TakeHead,   // region, count
    FindNoRun,  // of count regions, at `region` if `placed`
    EndRun,
    Transition,  // from -> to at `region`; of the word `seen` if `by_word`
    Free,        // Quarantined -> Free at `region`, by transition() or release()
    EndFree,
    FindHead,  // of `region`, for Pin and Unpin
    Pin,
    Unpin,
  };
  Kind kind = Kind::Look;
  std::uint8_t thread = 0;
  std::uint8_t region = 0;
  std::uint8_t count = 0;
  bool placed = false, by_word = false;
  RegionKind region_kind = RegionKind::Small;
  RegionState from = RegionState::Free, to = RegionState::Free;
  RegionWord seen;
  static constexpr std::uint32_t keep = 0xFFFF'FFFF;
  std::uint32_t payload = keep;  // the new one
};

// What the call answered, as far as the step shows it.
struct StepAnswer {
  static constexpr std::uint8_t none = 0xFF;
  std::uint8_t region = none;
  RegionWord word{};
  TransitionResult transition{};
  PinOutcome pin = PinOutcome::Done;
};

// The table's state, and what calls that have not returned yet hold of it. See check_linearizable().
class RegionSpec {
 public:
  static constexpr unsigned max_regions = 4, max_threads = 4;

  RegionSpec(unsigned regions, const std::array<RegionWord, max_regions>& words)
      : words_(words), size_(static_cast<std::uint8_t>(regions)) {}

  bool apply(const RegionStep&, const StepAnswer&);
  bool operator==(const RegionSpec&) const = default;
  std::size_t hash() const;

  static bool only_reads(const RegionStep& step, const StepAnswer& answer);
  static std::string describe(const RegionStep&, const StepAnswer&);

 private:
  // A claim of several regions that has not returned.
  struct Run {
    std::uint8_t count = 0;  // 0: there is none
    std::uint8_t place = 0;
    bool placed = false;
    bool operator==(const Run&) const = default;
  };
  static constexpr std::uint8_t no_head = 0xFF;

  RegionWord& at(unsigned r) { return words_[r]; }
  bool is_free(unsigned r) const { return words_[r].is(RegionState::Free); }
  bool in_window(unsigned r, unsigned first, unsigned count) const { return r >= first && r < first + count; }
  // Could `run` have taken r as the tail at `distance`?
  bool can_be_tail(const Run& run, unsigned r, unsigned distance) const;
  bool may_be_lent(unsigned r, unsigned besides) const;
  bool blocks(unsigned r, unsigned besides, bool freed_counts) const;
  bool adopt_generation(unsigned r, RegionWord seen);
  void doubt_generations();

  bool look(const RegionStep&, RegionWord seen);
  bool claim(const RegionStep&, const StepAnswer&);
  bool begin_run(const RegionStep&);
  bool take(unsigned r, RegionKind, std::uint32_t payload);
  bool find_no_run(const RegionStep&) const;
  bool change(const RegionStep&, const TransitionResult&);
  bool refused(const RegionStep&, RegionState found) const;
  bool free(const RegionStep&, const StepAnswer&);
  bool end_free(unsigned thread);
  bool find_head(const RegionStep&);
  bool pin(unsigned thread, PinOutcome);
  bool unpin(unsigned thread, PinOutcome);

  std::array<RegionWord, max_regions> words_;
  std::uint8_t size_;
  // The generation is at least what the word says: the region may have been lent since it was last seen.
  std::array<bool, max_regions> generation_doubted_{};
  // Free, and the call that freed it, of thread n - 1, has not returned.
  std::array<std::uint8_t, max_regions> being_freed_by_{};
  std::array<Run, max_threads> runs_{};
  std::array<std::uint8_t, max_threads> head_found_{};  // for the thread's Pin or Unpin
};

}  // namespace shunt::testing
