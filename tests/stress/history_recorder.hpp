// Calls of the region table by several threads, written down with what they answered and when, as the events
// that region_spec.hpp explains.
//
// When: each call takes a ticket of one shared counter before and after. A call precedes another if its
// second ticket is lower than the other's first. Each thread writes its own log; events() is for when all
// have ended.
#pragma once

#include <atomic>
#include <vector>

#include "region/region_table.hpp"
#include "stress/region_spec.hpp"
#include "support/linearizability.hpp"

namespace shunt::testing {

using RegionEvent = Event<RegionStep, StepAnswer>;

// One thread's calls.
template <class Table>
class CallLog {
 public:
  using Kind = RegionStep::Kind;

  CallLog(Table& table, std::atomic<std::uint64_t>& clock, unsigned thread)
      : table_(table), clock_(clock), thread_(static_cast<std::uint8_t>(thread)) {}

  RegionWord look(RegionIndex r) {
    const RegionWord w = timed([&] { return table_.word(r); });
    add(step(Kind::Look, r), {.word = w});
    return w;
  }
  RegionIndex claim(RegionKind kind, ClaimHint& hint) {
    const RegionIndex r = timed([&] { return table_.claim(kind, hint); });
    RegionStep s = step(Kind::Claim, RegionIndex{0});
    s.region_kind = kind;
    add(s, {.region = byte(r)});
    return r;
  }
  RegionIndex claim_contiguous(std::uint32_t count) {
    const RegionIndex head = timed([&] { return table_.claim_contiguous(count); });
    add_run(RegionIndex{0}, count, false, head);
    return head;
  }
  bool claim_at(RegionIndex place, std::uint32_t count) {
    const bool done = timed([&] { return table_.claim_at(place, count); });
    add_run(place, count, true, done ? place : RegionIndex::none);
    return done;
  }
  // Not to Free.
  TransitionResult transition(RegionIndex r, RegionState from, RegionState to) {
    const TransitionResult result = timed([&] { return table_.transition(r, from, to); });
    RegionStep s = step(Kind::Transition, r);
    s.from = from, s.to = to;
    add(s, {.transition = result});
    return result;
  }
  TransitionResult transition(RegionIndex r, RegionWord seen, RegionState to, std::uint32_t payload) {
    const TransitionResult result = timed([&] { return table_.transition(r, seen, to, payload); });
    RegionStep s = step(Kind::Transition, r);
    s.by_word = true, s.seen = seen;
    s.from = seen.state(), s.to = to, s.payload = payload;
    add(s, {.transition = result});
    return result;
  }
  // Of regions that the caller has quarantined: always done.
  void release(RegionIndex first, std::uint32_t count) {
    const TransitionResult result = timed([&] { return table_.release(first, count); });
    add_free(first, count, result);
  }
  void transition_to_free(RegionIndex r) {
    const TransitionResult result =
        timed([&] { return table_.transition(r, RegionState::Quarantined, RegionState::Free); });
    add_free(r, 1, result);
  }
  PinOutcome pin(RegionIndex r) {
    const PinOutcome outcome = timed([&] { return table_.pin(r); });
    add(step(Kind::FindHead, r), {});
    add(step(Kind::Pin, r), {.pin = outcome});
    return outcome;
  }
  PinOutcome unpin(RegionIndex r) {
    const PinOutcome outcome = timed([&] { return table_.unpin(r); });
    add(step(Kind::FindHead, r), {});
    add(step(Kind::Unpin, r), {.pin = outcome});
    return outcome;
  }

 private:
  template <class>
  friend class HistoryRecorder;

  struct Call {
    std::uint64_t begun, ended;
    std::uint32_t events;
  };

  template <class Body>
  auto timed(Body body) {
    // seq_cst: what this thread did before is before the call, and the call is before what it does after
    const std::uint64_t begun = clock_.fetch_add(1);
    const auto answer = body();
    calls_.push_back({begun, clock_.fetch_add(1), 0});
    return answer;
  }
  static std::uint8_t byte(RegionIndex r) { return static_cast<std::uint8_t>(value(r)); }
  RegionStep step(Kind kind, RegionIndex r) const {
    RegionStep s;
    s.kind = kind, s.thread = thread_, s.region = byte(r);
    return s;
  }
  // One more event of the last call.
  void add(const RegionStep& s, const StepAnswer& answer) {
    events_.push_back({thread_, s, answer, static_cast<std::uint32_t>(events_.size()), {}});
    ++calls_.back().events;
  }
  void add_run(RegionIndex place, std::uint32_t count, bool placed, RegionIndex head) {
    RegionStep s = step(Kind::BeginRun, place);
    s.count = static_cast<std::uint8_t>(count), s.placed = placed;
    add(s, {});
    if (head == RegionIndex::none) {
      s.kind = Kind::FindNoRun;
      add(s, {});
    }
    for (std::uint32_t k = head == RegionIndex::none ? 0 : count; k-- > 0;) {
      RegionStep taken = step(k == 0 ? Kind::TakeHead : Kind::TakeTail, head + k);
      taken.count = s.count, taken.payload = k;
      add(taken, {});
    }
    s.kind = Kind::EndRun;
    add(s, {});
  }
  void add_free(RegionIndex first, std::uint32_t count, const TransitionResult& result) {
    for (std::uint32_t k = 0; k < count; ++k) add(step(Kind::Free, first + k), {.transition = result});
    add(step(Kind::EndFree, first), {});
  }

  Table& table_;
  std::atomic<std::uint64_t>& clock_;
  std::uint8_t thread_;
  std::vector<Call> calls_;
  std::vector<RegionEvent> events_;
};

// The logs of all threads of one window.
template <class Table>
class HistoryRecorder {
 public:
  HistoryRecorder(Table& table, unsigned threads) {
    for (unsigned t = 0; t < threads; ++t) logs_.emplace_back(table, clock_, t);
  }

  CallLog<Table>& log(unsigned thread) { return logs_[thread]; }

  std::vector<RegionEvent> events() const {
    std::vector<RegionEvent> all;
    for (const auto& log : logs_) {
      std::size_t next = 0;
      for (const auto& call : log.calls_) {
        for (std::uint32_t i = 0; i < call.events; ++i) {
          all.push_back(log.events_[next++]);
          for (const auto& other : logs_) all.back().before.push_back(ended_before(other, call.begun));
          all.back().before[log.thread_] = all.back().index;
        }
      }
    }
    return all;
  }
  // How many pairs of calls of different threads overlap: a history without any shows nothing.
  std::uint64_t overlaps() const {
    std::uint64_t pairs = 0;
    for (std::size_t a = 0; a < logs_.size(); ++a) {
      for (std::size_t b = a + 1; b < logs_.size(); ++b) {
        for (const auto& one : logs_[a].calls_) {
          for (const auto& other : logs_[b].calls_) {
            pairs += one.begun < other.ended && other.begun < one.ended;
          }
        }
      }
    }
    return pairs;
  }

 private:
  // Events of the calls that had returned at `time`.
  static std::uint32_t ended_before(const CallLog<Table>& log, std::uint64_t time) {
    std::uint32_t events = 0;
    for (const auto& call : log.calls_) events += call.ended < time ? call.events : 0;
    return events;
  }

  std::atomic<std::uint64_t> clock_ = 0;
  std::vector<CallLog<Table>> logs_;
};

}  // namespace shunt::testing
