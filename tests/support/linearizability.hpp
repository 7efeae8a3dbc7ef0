// Is there an order of these operations, one after another, that explains what each of them answered?
//
// A history is linearizable when its operations can be put into one sequence that a sequential model accepts
// and that keeps the order of operations that did not overlap. The search is Wing and Gong's ("Testing and
// verifying concurrent objects", 1993) with Lowe's memory of the configurations that led nowhere ("Testing
// for linearizability", 2017): a configuration is how far each thread has come, and the model's state.
//
// An operation that is allowed several atomic steps is recorded as several events that follow one another in
// its thread, each with the `before` of the whole operation: others may come between them. Operations without
// an answer are not supported: a history ends when all its threads have. Worst case exponential in the number
// of threads; limited by the number of configurations.
//
// Not thread-safe, and does not need to be: histories are checked after their threads have ended.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace shunt::testing {

template <class Operation, class Result>
struct Event {
  unsigned thread = 0;
  Operation operation{};
  Result result{};
  std::uint32_t index = 0;            // nth operation of its thread, from 0
  std::vector<std::uint32_t> before;  // for each thread u: how many of u's operations precede this one
};

// apply() changes the model and says whether that result may be; a model that refused is thrown away.
// What it may have besides, both static: describe(operation, result) makes reports readable;
// only_reads(operation, result), true for what never changes any model, makes the search shorter.
template <class Model, class Operation, class Result>
concept SequentialModel = std::copyable<Model> && std::equality_comparable<Model> &&
    requires(Model m, const Model& c, const Operation& o, const Result& r) {
  { m.apply(o, r) } -> std::same_as<bool>;
  { c.hash() } -> std::convertible_to<std::size_t>;
};

enum class LinearizabilityVerdict { Linearizable, NotLinearizable, GaveUp };

struct Linearizability {
  LinearizabilityVerdict verdict = LinearizabilityVerdict::GaveUp;
  // The longest order that the model accepts, as positions in the history. Of a linearizable history: all of
  // it.
  std::vector<std::size_t> order;
  std::size_t configurations = 0;
  // The order and what each thread wanted next, a line each. Empty for a linearizable history.
  std::string report;

  explicit operator bool() const { return verdict == LinearizabilityVerdict::Linearizable; }
};

// One search. See check_linearizable(), which is what tests call.
template <class Model, class Operation, class Result>
requires SequentialModel<Model, Operation, Result>
class LinearizabilitySearch {
 public:
  using History = std::vector<Event<Operation, Result>>;

  LinearizabilitySearch(const History& history, std::size_t limit) : history_(history), limit_(limit) {
    for (std::size_t position = 0; position < history.size(); ++position) {
      const unsigned thread = history[position].thread;
      if (by_thread_.size() <= thread) by_thread_.resize(thread + 1);
      by_thread_[thread].push_back(position);
    }
    for (auto& own : by_thread_) {
      std::ranges::sort(own, {}, [&](std::size_t position) { return history[position].index; });
    }
  }

  Linearizability run(const Model& initial) {
    done_.assign(by_thread_.size(), 0);
    const bool explained = extend(initial);
    Linearizability answer;
    answer.verdict = explained                 ? LinearizabilityVerdict::Linearizable
                     : failed_.size() > limit_ ? LinearizabilityVerdict::GaveUp
                                               : LinearizabilityVerdict::NotLinearizable;
    answer.order = longest_;
    answer.configurations = failed_.size();
    if (!explained) answer.report = report(answer.verdict);
    return answer;
  }

 private:
  struct Configuration {
    std::vector<std::uint32_t> done;
    Model model;
    bool operator==(const Configuration&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Configuration& c) const {
      std::size_t h = c.model.hash();
      for (const std::uint32_t n : c.done) h = (h ^ n) * std::size_t{0x9E37'79B9'7F4A'7C15} + (h >> 29);
      return h;
    }
  };

  // Tries to bring the rest of the history behind order_. False for good, or because the limit is reached.
  bool extend(const Model& model) {
    if (order_.size() >= longest_.size()) {
      longest_ = order_;
      longest_done_ = done_;
    }
    if (order_.size() == history_.size()) return true;
    if (failed_.size() > limit_ || !failed_.insert({done_, model}).second) return false;
    for (std::size_t thread = 0; thread < by_thread_.size(); ++thread) {
      if (!may_be_next(thread)) continue;
      const std::size_t position = by_thread_[thread][done_[thread]];
      Model next = model;
      if (!next.apply(history_[position].operation, history_[position].result)) continue;
      ++done_[thread];
      order_.push_back(position);
      if (extend(next)) return true;
      order_.pop_back();
      --done_[thread];
      // A read can as well be done as soon as it may: it changes nothing for the others. (This is not so of a
      // write that happens to change nothing now.)
      if (only_reads(position)) return false;
    }
    return false;
  }

  // Is everything that precedes the thread's next operation in the order?
  bool may_be_next(std::size_t thread) const {
    if (done_[thread] == by_thread_[thread].size()) return false;
    const auto& before = history_[by_thread_[thread][done_[thread]]].before;
    for (std::size_t u = 0; u < before.size() && u < done_.size(); ++u) {
      if (done_[u] < before[u]) return false;
    }
    return true;
  }

  bool only_reads(std::size_t position) const {
    const auto& event = history_[position];
    if constexpr (requires { bool{Model::only_reads(event.operation, event.result)}; }) {
      return Model::only_reads(event.operation, event.result);
    }
    return false;
  }

  std::string report(LinearizabilityVerdict verdict) const {
    std::string text = verdict == LinearizabilityVerdict::GaveUp
                           ? "gave up after " + std::to_string(failed_.size()) + " configurations\n"
                           : "not linearizable; the longest order that the model accepts:\n";
    for (const std::size_t position : longest_) text += "  " + line(position) + "\n";
    text += "then none of these may follow (or what may leads nowhere):\n";
    for (std::size_t thread = 0; thread < longest_done_.size(); ++thread) {
      const auto& own = by_thread_[thread];
      if (longest_done_[thread] < own.size()) text += "  " + line(own[longest_done_[thread]]) + "\n";
    }
    return text;
  }
  std::string line(std::size_t position) const {
    const auto& event = history_[position];
    std::string text = "T" + std::to_string(event.thread) + " #" + std::to_string(event.index);
    if constexpr (requires { std::string(Model::describe(event.operation, event.result)); }) {
      text += " " + std::string(Model::describe(event.operation, event.result));
    }
    text += "  (after";
    for (const std::uint32_t n : event.before) text += " " + std::to_string(n);
    return text + ")";
  }

  const History& history_;
  const std::size_t limit_;
  std::vector<std::vector<std::size_t>> by_thread_;  // positions in the history, in the thread's order
  std::unordered_set<Configuration, Hash> failed_;   // tried, or being tried
  std::vector<std::uint32_t> done_, longest_done_;
  std::vector<std::size_t> order_, longest_;
};

// Pure. Gives up after `limit` configurations, which cost about a copy of the model each.
template <class Model, class Operation, class Result>
Linearizability check_linearizable(const std::vector<Event<Operation, Result>>& history, const Model& initial,
                                   std::size_t limit = 1'000'000) {
  return LinearizabilitySearch<Model, Operation, Result>(history, limit).run(initial);
}

}  // namespace shunt::testing
