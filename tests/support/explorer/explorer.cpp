// The depth-first search over all choices of a program, and the account of what it found.
//
// A frame is a state and the choices that it has. Going down performs a choice; going back up to a state with
// choices left starts the threads again from their logs. A state that was explored before is not gone into:
// it only adds the number of ways from it. States cannot be met again below themselves, because what threads
// have been told only grows.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>

#include "support/explorer/execution.hpp"
#include "support/explorer/trace.hpp"
#include "support/explorer/visited.hpp"

namespace shunt::testing {
namespace {

// A broken SHUNT_CHECK inside a body is a violation like any other.
class AbortsAreViolations {
 public:
  AbortsAreViolations() {
    struct sigaction action {};
    action.sa_handler = [](int) { Execution::running().violate("aborted: a broken check, printed above"); };
    action.sa_flags = SA_NODEFER;  // the handler is left by a switch to another stack
    sigaction(SIGABRT, &action, &before_);
  }
  ~AbortsAreViolations() { sigaction(SIGABRT, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

class Explorer {
 public:
  Explorer(const ProgramCalls& calls, const Options& options, bool fences)
      : options_(options), execution_(calls, options, nullptr) {
    execution_.fences = fences;
  }

  bool needs_fences() const { return execution_.met_fence(); }

  Report run() {
    report_.mode = options_.mode;
    report_.complete = true;
    execution_.start();
    ++report_.runs;
    if (arrive(execution_.hash())) {
      while (!frames_.empty() && !stopped()) advance();
    }
    finish_report();
    return report_;
  }

 private:
  struct Frame {
    Hash key;
    std::size_t first, next, end;  // in choices_
    double ways = 0;
  };

  bool stopped() const { return !report_.complete || !execution_.violation().empty() || needs_fences(); }

  // Performs the next choice of the top frame, or leaves it.
  void advance() {
    Frame& frame = frames_.back();
    if (frame.next == frame.end) return leave(frame);
    if (moved_on_) {
      execution_.go_back_to(checkpoints_[frames_.size() - 1]);
      ++report_.runs;
      moved_on_ = false;
    }
    execution_.perform(choices_[frame.next++]);
    if (!execution_.violation().empty() || needs_fences()) return;
    const Hash key = execution_.hash();
    const double* known = options_.merge ? visited_.find(key) : nullptr;
    if (known != nullptr) {
      frames_.back().ways += *known;
      moved_on_ = true;
    } else {
      arrive(key);
    }
  }

  // At a state that is new. True if there is something to do in it.
  bool arrive(const Hash& key) {
    if (!execution_.violation().empty() || needs_fences()) return false;
    ++report_.states;
    const std::size_t first = choices_.size();
    execution_.list_choices(choices_);
    if (choices_.size() == first) {
      at_end(key);
      return false;
    }
    frames_.push_back({key, first, first, choices_.size()});
    if (choices_.size() - first > 1) {
      while (checkpoints_.size() < frames_.size()) checkpoints_.emplace_back();
      execution_.save(checkpoints_[frames_.size() - 1]);
    }
    if (frames_.size() > options_.step_limit) {
      too_long_ = true;
      report_.complete = false;
    }
    if (is_enough()) report_.complete = false;
    return true;
  }

  bool is_enough() const {
    if (options_.state_limit != 0 && report_.states > options_.state_limit) return true;
    if (options_.seconds == 0 || report_.states % 4096 != 0) return false;
    return std::chrono::steady_clock::now() - started_ > std::chrono::duration<double>(options_.seconds);
  }

  void at_end(const Hash& key) {
    execution_.finish();
    if (!execution_.violation().empty()) return;
    report_.longest = std::max(report_.longest, static_cast<unsigned>(frames_.size()));
    if (options_.merge) visited_.insert(key, 1);
    add_ways(1);
    moved_on_ = true;
  }

  void leave(const Frame& frame) {
    const double ways = frame.ways;
    if (options_.merge) visited_.insert(frame.key, ways);
    choices_.resize(frame.first);
    frames_.pop_back();
    add_ways(ways);
    moved_on_ = true;
  }

  void add_ways(double ways) { (frames_.empty() ? report_.schedules : frames_.back().ways) += ways; }

  void finish_report() {
    for (const Frame& frame : frames_) report_.schedules += frame.ways;  // given up: so many at least
    report_.violation = execution_.violation();
    if (too_long_) report_.violation = "more than " + std::to_string(options_.step_limit) + " steps";
    if (report_.violation.empty()) return;
    report_.complete = false;
    std::vector<Choice> path;
    for (const Frame& frame : frames_) {
      if (frame.next > frame.first) path.push_back(choices_[frame.next - 1]);
    }
    report_.choices = choices_as_text(path);
  }

  const Options& options_;
  Execution execution_;
  Report report_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Visited visited_;
  std::vector<Frame> frames_;
  std::vector<Choice> choices_;
  std::deque<Execution::Checkpoint> checkpoints_;  // one a frame with several choices
  bool moved_on_ = false;                          // the execution is not at the top frame's state any more
  bool too_long_ = false;
};

// One execution along given choices. When they end before the program, the first choice is taken each time.
Report run_once(const ProgramCalls& calls, const Options& options, const std::string& choices, bool fences) {
  Trace trace;
  Execution execution(calls, options, &trace);
  execution.fences = fences;
  const std::vector<Choice> path = choices_from_text(choices);
  std::vector<Choice> now;
  execution.start();
  unsigned step = 0;
  for (; execution.violation().empty() && step <= options.step_limit; ++step) {
    now.clear();
    execution.list_choices(now);
    if (now.empty()) break;
    Choice chosen = now.front();
    for (const Choice& choice : now) {
      if (step < path.size() && choice.thread == path[step].thread && choice.variant == path[step].variant) {
        chosen = choice;
      }
    }
    execution.perform(chosen);
  }
  if (execution.violation().empty() && now.empty()) execution.finish();
  Report report;
  report.mode = options.mode;
  report.violation = execution.violation();
  report.choices = choices;
  report.trace = trace.text();
  report.runs = 1;
  report.longest = step;
  return report;
}

}  // namespace

Report explore(const ProgramCalls& calls, const Options& options) {
  const AbortsAreViolations while_exploring;
  if (!options.choices.empty()) return run_once(calls, options, options.choices, true);
  Report report;
  bool fences = false;
  {
    Explorer explorer(calls, options, false);
    report = explorer.run();
    fences = explorer.needs_fences();
  }
  if (fences) report = Explorer(calls, options, true).run();
  if (!report.violation.empty()) {
    report.trace = run_once(calls, options, report.choices, fences).trace;
  }
  return report;
}

std::string Report::text() const {
  char counts[200];
  std::snprintf(counts, sizeof counts,
                "%s: %llu runs, %llu distinct states, covering %.15g schedules of up to %u steps",
                mode == Mode::release_acquire ? "release/acquire" : "sequentially consistent",
                static_cast<unsigned long long>(runs), static_cast<unsigned long long>(states), schedules,
                longest);
  std::string text = counts;
  if (!violation.empty()) {
    text += "\nVIOLATION: " + violation + "\n" + trace + "choices: " + choices;
  } else if (!complete) {
    text += " (given up before the end)";
  }
  return text;
}

}  // namespace shunt::testing
