// One execution of a program: its threads as fibers, its memory, and what each thread was told so far.
//
// A thread's code is deterministic, so where it stands is a function of the results of its steps. The logs of
// those results are what lets the execution go back: threads are started again and fed from their logs
// without touching the memory, which is put back from a copy.
//
// Everything runs on one operating system thread. Simulated<T> and its like find the execution that they
// belong to through Execution::running().
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "support/explorer/fiber.hpp"
#include "support/explorer/memory.hpp"
#include "support/explorer/options.hpp"

namespace shunt::testing {

class Trace;

class Execution {
 public:
  Execution(const ProgramCalls&, const Options&, Trace*);
  ~Execution();
  static Execution& running();

  // ---- What the explorer does with it

  struct Checkpoint {
    std::array<std::uint32_t, max_threads> steps{};
    Memory memory;
  };
  void start();
  void save(Checkpoint&) const;
  void go_back_to(const Checkpoint&);
  // In a fixed order; empty when all threads have ended.
  void list_choices(std::vector<Choice>& into) const;
  void perform(const Choice&);
  // When all threads have ended.
  void finish();
  Hash hash() const;
  const std::string& violation() const { return violation_; }
  // A fence was met although the memory was told that there are none.
  bool met_fence() const { return met_fence_; }

  // ---- What simulated code asks of it

  unsigned add_location(std::uint64_t initial);
  unsigned add_cell(std::uint64_t initial);
  void name_location(unsigned location, const char* name, int index);
  void name_cell(unsigned cell, const char* name, int index);
  StepResult step(const Step&);
  std::uint64_t read_cell(unsigned cell);
  void write_cell(unsigned cell, std::uint64_t value);
  // A recorded operation of the running thread begins with its next step; has returned, and left nothing in
  // its thread but an answer with this hash: how it came to that is forgotten, so that states merge.
  void operation_invoked();
  void operation_returned(const Hash& answer);
  // After the end: how many operations of `other` precede the `index`th of `thread`.
  unsigned operations_before(unsigned thread, unsigned index, unsigned other) const;
  unsigned thread() const { return current_; }
  bool threads_run() const { return phase_ == Phase::Threads; }
  // Ends this execution: something that must hold does not.
  [[noreturn]] void violate(std::string what);

 private:
  enum class Phase : std::uint8_t { Setup, Threads, Final };
  struct LogEntry {
    StepResult result;
    std::array<std::uint8_t, max_threads> before{};  // if an operation begins here
    bool begins_operation = false;
    Hash history;
  };
  struct Thread {
    Fiber fiber;
    std::function<void()> body;
    std::vector<LogEntry> log;
    std::size_t next = 0;  // entry of the log that the body gets next
    Step pending;
    bool ended = false;
    bool invoked = false;  // an operation begins with the next step
    bool begins_operation = false;
    std::array<std::uint8_t, max_threads> before{};  // of the last operation that has begun
    Hash before_operation;                           // the thread's history when it was invoked
    unsigned spurious_failures = 0;
  };

  void begin_state();
  void end_state();
  void start_threads();
  void go_on(unsigned thread);
  void run_body(unsigned thread);
  void begin_operation(Thread&);
  void append(Thread&, const StepResult&);
  Thread& me() { return threads_[current_]; }
  static Hash history_of(const Thread& thread, std::size_t entries) {
    return entries == 0 ? Hash{} : thread.log[entries - 1].history;
  }
  unsigned running_threads() const;

  const ProgramCalls& calls_;
  const Options& options_;
  Trace* trace_;
  Memory memory_;
  std::array<Thread, max_threads> threads_;
  std::string violation_;
  unsigned current_ = 0;
  std::uint16_t steps_ = 0;
  Phase phase_ = Phase::Setup;
  bool replaying_ = false, has_state_ = false, met_fence_ = false;

 public:
  bool fences = false;  // whether the memory tracks what fences need
};

}  // namespace shunt::testing
