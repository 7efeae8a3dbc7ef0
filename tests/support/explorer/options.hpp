// How to explore a program, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "support/explorer/operation.hpp"

namespace shunt::testing {

struct Options {
  Mode mode = Mode::release_acquire;
  bool merge = true;               // do not go on from a state that was explored before
  unsigned step_limit = 400;       // of one execution: more is a loop that another thread has to end
  unsigned spurious_failures = 0;  // of compare_exchange_weak, at most so many a thread
  double seconds = 0;              // give up after so long; 0: never
  std::uint64_t state_limit = 0;   // give up after so many states; 0: never
  std::string choices = {};        // not empty: run this one execution only, with a trace
};

struct Report {
  std::string violation;  // empty: none. Else what does not hold,
  std::string choices;    // what to put into Options::choices to see it again,
  std::string trace;      // and how it came to that, step by step
  Mode mode = Mode::release_acquire;
  bool complete = false;     // everything was explored
  std::uint64_t runs = 0;    // executions that were started
  std::uint64_t states = 0;  // distinct ones
  double schedules = 0;      // complete executions of the program that they cover; exact up to 2^53; if given up, at least so many
  unsigned longest = 0;      // steps of the longest one

  bool holds() const { return complete && violation.empty(); }
  // One line; with the violation and its trace if there is one.
  std::string text() const;
};

// A program for the explorer, without its types: see program.hpp.
struct ProgramCalls {
  unsigned threads = 0;
  std::function<void()> begin;        // makes the shared state afresh
  std::function<void(unsigned)> run;  // a thread's body
  std::function<void()> finish;       // what must hold when all have ended
  std::function<void()> end;          // ends the shared state
};

Report explore(const ProgramCalls&, const Options&);

}  // namespace shunt::testing
