// The steps of the region table's sequential specification; region_spec.hpp says what they mean.
#include "stress/region_spec.hpp"

namespace shunt::testing {

using enum RegionState;
using Kind = RegionStep::Kind;

bool RegionSpec::apply(const RegionStep& step, const StepAnswer& answer) {
  switch (step.kind) {
    case Kind::Look:
      return look(step, answer.word);
    case Kind::Claim:
      return claim(step, answer);
    case Kind::BeginRun:
      return begin_run(step);
    case Kind::TakeTail:
      return take(step.region, RegionKind::LargeTail, step.payload);
    case Kind::TakeHead:
      return take(step.region, RegionKind::LargeHead, step.count);
    case Kind::FindNoRun:
      return find_no_run(step);
    case Kind::EndRun:
      return runs_[step.thread] = {}, true;
    case Kind::Transition:
      return change(step, answer.transition);
    case Kind::Free:
      return free(step, answer);
    case Kind::EndFree:
      return end_free(step.thread);
    case Kind::FindHead:
      return find_head(step);
    case Kind::Pin:
      return pin(step.thread, answer.pin);
    case Kind::Unpin:
      return unpin(step.thread, answer.pin);
  }
  return false;
}

// ---- Lending

bool RegionSpec::can_be_tail(const Run& run, unsigned r, unsigned distance) const {
  if (distance == 0 || distance >= run.count || distance > r) return false;
  const unsigned head = r - distance;
  return run.placed ? head == run.place : head + run.count <= size_;
}

// Lent by a thread other than `besides`.
bool RegionSpec::may_be_lent(unsigned r, unsigned besides) const {
  if (!is_free(r)) return false;
  for (unsigned t = 0; t < max_threads; ++t) {
    for (unsigned distance = 1; t != besides && distance < runs_[t].count; ++distance) {
      if (can_be_tail(runs_[t], r, distance)) return true;
    }
  }
  return false;
}

bool RegionSpec::blocks(unsigned r, unsigned besides, bool freed_counts) const {
  return !is_free(r) || (freed_counts && being_freed_by_[r] != 0) || may_be_lent(r, besides);
}

// Every Free region that may be lent now may have more lives behind it than were seen.
void RegionSpec::doubt_generations() {
  for (unsigned r = 0; r < size_; ++r) {
    if (may_be_lent(r, max_threads)) generation_doubted_[r] = true;
  }
}

bool RegionSpec::adopt_generation(unsigned r, RegionWord seen) {
  const auto grown = static_cast<std::uint16_t>(seen.generation() - at(r).generation());
  if (grown == 0) return true;
  if (!generation_doubted_[r] || grown >= 0x8000) return false;
  at(r) = at(r).with_generation(seen.generation());
  return true;
}

// ---- Look-ups

bool RegionSpec::look(const RegionStep& step, RegionWord seen) {
  const unsigned r = step.region;
  if (!adopt_generation(r, seen)) return false;
  if (seen == at(r)) {
    generation_doubted_[r] = may_be_lent(r, max_threads);
    return true;
  }
  // A region that is lent.
  const RegionWord lent = RegionWord{}
                              .with(Allocating)
                              .with(RegionKind::LargeTail)
                              .with_payload(seen.payload())
                              .with_generation(seen.generation());
  if (!is_free(r) || seen != lent) return false;
  for (unsigned t = 0; t < max_threads; ++t) {
    if (t != step.thread && can_be_tail(runs_[t], r, seen.payload())) return true;
  }
  return false;
}

// ---- Claims

bool RegionSpec::claim(const RegionStep& step, const StepAnswer& answer) {
  if (answer.region != StepAnswer::none) return take(answer.region, step.region_kind, 0);
  for (unsigned r = 0; r < size_; ++r) {
    if (!blocks(r, step.thread, true)) return false;
  }
  return true;
}

bool RegionSpec::begin_run(const RegionStep& step) {
  runs_[step.thread] = {step.count, step.region, step.placed};
  doubt_generations();
  return true;
}

bool RegionSpec::take(unsigned r, RegionKind kind, std::uint32_t payload) {
  if (r >= size_ || !is_free(r)) return false;
  at(r) = at(r).with(Allocating).with(kind).with_payload(payload);
  being_freed_by_[r] = 0;
  return true;
}

bool RegionSpec::find_no_run(const RegionStep& step) const {
  const unsigned first = step.placed ? step.region : 0u;
  const unsigned last = step.placed ? step.region : size_ - step.count;
  for (unsigned start = first; start <= last; ++start) {
    bool blocked = false;
    for (unsigned r = start; r < start + step.count; ++r) blocked |= blocks(r, step.thread, !step.placed);
    if (!blocked) return false;
  }
  return true;
}

// ---- Transitions

bool RegionSpec::change(const RegionStep& step, const TransitionResult& result) {
  const unsigned r = step.region;
  if (!is_legal(step.from, step.to)) return result.outcome == TransitionOutcome::Illegal;
  if (result.outcome == TransitionOutcome::Changed) return refused(step, result.found);
  if (!at(r).is(step.from)) return false;
  if (step.by_word) {
    if (!adopt_generation(r, step.seen)) return false;
    if (at(r).with_pins(0) != step.seen.with_pins(0)) return false;
  }
  const bool pinned = step.from == Live && at(r).is_pinned();
  if (result.outcome != (pinned ? TransitionOutcome::Pinned : TransitionOutcome::Done)) return false;
  if (pinned) return true;
  at(r) = at(r).with(step.to);
  if (step.payload != RegionStep::keep) at(r) = at(r).with_payload(step.payload);
  return true;
}

bool RegionSpec::refused(const RegionStep& step, RegionState found) const {
  const unsigned r = step.region;
  if (found == Allocating && may_be_lent(r, step.thread)) return step.from != Allocating;
  if (!words_[r].is(found)) return false;
  if (found != step.from) return true;
  // The same state: then it must be another life, or another object, than the one that was seen.
  if (!step.by_word) return false;
  return generation_doubted_[r] || words_[r].with_pins(0) != step.seen.with_pins(0);
}

bool RegionSpec::free(const RegionStep& step, const StepAnswer& answer) {
  const unsigned r = step.region;
  if (!answer.transition || !at(r).is(Quarantined)) return false;
  at(r) = at(r).freed();
  being_freed_by_[r] = static_cast<std::uint8_t>(step.thread + 1);
  doubt_generations();
  return true;
}

bool RegionSpec::end_free(unsigned thread) {
  for (auto& by : being_freed_by_) {
    if (by == thread + 1) by = 0;
  }
  return true;
}

// ---- Pins

bool RegionSpec::find_head(const RegionStep& step) {
  const RegionWord w = at(step.region);
  const bool usable = w.is(Allocating) || w.is(Live);
  head_found_[step.thread] = step.region;
  if (w.kind() == RegionKind::LargeTail) {
    head_found_[step.thread] = usable ? static_cast<std::uint8_t>(step.region - w.payload()) : no_head;
  }
  return true;
}

bool RegionSpec::pin(unsigned thread, PinOutcome outcome) {
  const unsigned head = head_found_[thread];
  head_found_[thread] = 0;  // equal states are to be equal
  if (head == no_head) return outcome == PinOutcome::WrongState;
  const bool usable = at(head).is(Allocating) || at(head).is(Live);
  if (usable) at(head) = at(head).with_pins(at(head).pins() + 1);
  return outcome == (usable ? PinOutcome::Done : PinOutcome::WrongState);
}

bool RegionSpec::unpin(unsigned thread, PinOutcome outcome) {
  const unsigned head = head_found_[thread];
  head_found_[thread] = 0;
  if (head == no_head) return outcome == PinOutcome::NotPinned;
  const bool pinned = at(head).pins() != 0;
  if (pinned) at(head) = at(head).with_pins(at(head).pins() - 1);
  return outcome == (pinned ? PinOutcome::Done : PinOutcome::NotPinned);
}

// ---- For the search and its report

std::size_t RegionSpec::hash() const {
  std::size_t h = 0;
  const auto mix = [&h](std::uint64_t n) { h = (h ^ n) * 0x9E37'79B9'7F4A'7C15 + (h >> 31); };
  for (unsigned i = 0; i < max_regions; ++i) {
    mix(words_[i].bits());
    mix(std::uint64_t{being_freed_by_[i]} << 8 | std::uint64_t{generation_doubted_[i]});
  }
  for (unsigned t = 0; t < max_threads; ++t) {
    mix(std::uint64_t{runs_[t].count} << 16 | std::uint64_t{runs_[t].place} << 8 | head_found_[t]);
  }
  return h;
}

bool RegionSpec::only_reads(const RegionStep& step, const StepAnswer& answer) {
  return step.kind == Kind::FindNoRun || (step.kind == Kind::Claim && answer.region == StepAnswer::none) ||
         (step.kind == Kind::Transition && answer.transition.outcome == TransitionOutcome::Changed);
}

namespace {

std::string text_of(RegionWord w) {
  std::string text = std::string(name_of(w.state())) + " " + name_of(w.kind());
  text += " payload " + std::to_string(w.payload()) + " pins " + std::to_string(w.pins());
  return text + " generation " + std::to_string(w.generation());
}

std::string outcome_of(const TransitionResult& result) {
  switch (result.outcome) {
    case TransitionOutcome::Done:
      return "done";
    case TransitionOutcome::Illegal:
      return "illegal";
    case TransitionOutcome::Changed:
      return std::string("changed, found ") + name_of(result.found);
    case TransitionOutcome::Pinned:
      return "pinned";
  }
  return "?";
}

const char* outcome_of(PinOutcome outcome) {
  static constexpr const char* names[] = {"done", "wrong state", "too many", "not pinned"};
  return names[static_cast<unsigned>(outcome)];
}

}  // namespace

std::string RegionSpec::describe(const RegionStep& step, const StepAnswer& answer) {
  const std::string r = std::to_string(step.region), n = std::to_string(step.count);
  const std::string place = step.placed ? " at " + r : "";
  switch (step.kind) {
    case Kind::Look:
      return "look " + r + ": " + text_of(answer.word);
    case Kind::Claim:
      return std::string("claim ") + name_of(step.region_kind) + ": " +
             (answer.region == StepAnswer::none ? "none" : std::to_string(answer.region));
    case Kind::BeginRun:
      return "claim of " + n + place + " begins";
    case Kind::TakeTail:
      return "takes tail " + r;
    case Kind::TakeHead:
      return "takes head " + r;
    case Kind::FindNoRun:
      return "finds no run of " + n + place;
    case Kind::EndRun:
      return "claim of " + n + " ends";
    case Kind::Transition:
      return std::string(name_of(step.from)) + " -> " + name_of(step.to) + " of " + r +
             (step.by_word ? " as seen (" + text_of(step.seen) + ")" : "") + ": " +
             outcome_of(answer.transition);
    case Kind::Free:
      return "frees " + r;
    case Kind::EndFree:
      return "release ends";
    case Kind::FindHead:
      return "finds the head of " + r;
    case Kind::Pin:
      return "pins " + r + ": " + outcome_of(answer.pin);
    case Kind::Unpin:
      return "unpins " + r + ": " + outcome_of(answer.pin);
  }
  return "?";
}

}  // namespace shunt::testing
