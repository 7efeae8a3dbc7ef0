// Records which operations a program's threads did, what each answered, and which of them precede which: the
// history that a linearizability check wants (support/linearizability.hpp).
//
// An operation begins with its first step and ends with its last. In interleavings one precedes another if it
// ended before the other began; in release/acquire mode only if it happens before it, because threads that do
// not synchronise cannot tell. What precedes an operation is part of the state that exploration merges by, so
// histories that a check could tell apart are never taken for one.
//
// A member of the program's state: it is made afresh with it.
#pragma once

#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/explorer/execution.hpp"

namespace shunt::testing {

template <class Operation, class Result>
class Recorder {
 public:
  static constexpr unsigned max_operations = 8;  // of one thread

  // In a thread's body: does it, and answers what it answered. The call must leave nothing in its thread, no
  // local variable and no member of the state, but that answer and what `left` tells: afterwards states merge
  // that differ in nothing but how the call came to it.
  template <class Call, class Left = std::uint32_t (*)()>
  Result record(
      const Operation& operation, Call&& call, Left left = [] { return std::uint32_t{0}; }) {
    Execution& execution = Execution::running();
    Thread& own = threads_[execution.thread()];
    if (own.count == max_operations) execution.violate("more operations than a recorder holds");
    execution.operation_invoked();
    const Result result = call();
    const auto rest = left();
    static_assert(std::has_unique_object_representations_v<Result>);
    static_assert(std::has_unique_object_representations_v<decltype(rest)>);
    execution.operation_returned(hash_more(hash_more({}, &result, sizeof result), &rest, sizeof rest));
    own.records[own.count++] = {operation, result};
    return result;
  }

  // After the end. `Event` has thread, operation, result, index and before.
  template <class Event>
  std::vector<Event> history() const {
    const Execution& execution = Execution::running();
    std::vector<Event> events;
    for (unsigned t = 0; t < max_threads; ++t) {
      for (unsigned i = 0; i < threads_[t].count; ++i) {
        const auto& [operation, result] = threads_[t].records[i];
        Event event{t, operation, result, i, {}};
        for (unsigned u = 0; u < max_threads; ++u) {
          event.before.push_back(execution.operations_before(t, i, u));
        }
        events.push_back(std::move(event));
      }
    }
    return events;
  }

 private:
  struct Record {
    Operation operation;
    Result result;
  };
  struct Thread {
    std::array<Record, max_operations> records{};
    unsigned count = 0;
  };
  std::array<Thread, max_threads> threads_{};
};

}  // namespace shunt::testing
