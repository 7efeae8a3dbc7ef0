// A program to explore: shared state, thread bodies that get it, and what must hold when all have ended.
//
//   struct Shared { Simulated<int> x, y; int seen[2]; };
//   Program<Shared> program;
//   program.threads = {[](Shared& s) { ... }, [](Shared& s) { ... }};
//   program.finish = [](Shared& s) { require(s.seen[0] + s.seen[1] > 0, "..."); };
//   CHECK_HOLDS(explore(program, Options{}));
//
// The state is made afresh, at the same address, for every execution. Bodies must be deterministic but for
// what simulated data answers, talk to each other through simulated data only, write other members of the
// state only where no other body looks, and own nothing across a step (fiber.hpp). finish() is called once
// for each distinct end, not for each schedule.
#pragma once

#include <memory>

#include "support/explorer/simulated.hpp"

namespace shunt::testing {

template <class State>
struct Program {
  std::vector<std::function<void(State&)>> threads;
  std::function<void(State&)> finish = [](State&) {};
  std::function<void(State&)> prepare = [](State&) {};  // one thread, before all others
};

template <class State>
Report explore(const Program<State>& program, const Options& options) {
  alignas(State) unsigned char storage[sizeof(State)];
  State* const state = reinterpret_cast<State*>(storage);
  ProgramCalls calls;
  calls.threads = static_cast<unsigned>(program.threads.size());
  calls.begin = [&] { program.prepare(*::new (storage) State()); };
  calls.run = [&](unsigned thread) { program.threads[thread](*state); };
  calls.finish = [&] { program.finish(*state); };
  calls.end = [&] { std::destroy_at(state); };
  return explore(calls, options);
}

// For bodies, prepare() and finish(): if it does not hold, this execution is reported with its schedule.
inline void require(bool holds, const char* what) {
  if (!holds) Execution::running().violate(what);
}
inline void require(bool holds, const std::string& what) { require(holds, what.c_str()); }

}  // namespace shunt::testing
