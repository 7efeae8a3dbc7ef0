// A thread body that runs on a stack of its own and can be left in the middle, on Boost.Context.
//
// Keeps its stack for the next body. A body that is abandoned is not unwound: no destructor of its frames
// runs, so bodies must not own anything (memory, locks) across a yield that somebody would miss. That is what
// makes going back to an earlier state cheap.
#pragma once

#include <boost/context/fiber.hpp>
#include <functional>

namespace shunt::testing {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;

  // Abandons what ran before; the body begins with the next resume().
  void start(std::function<void()>* body);
  // From outside: lets the body go on until it yields or ends.
  void resume() { inside_() = std::move(inside_()).resume(); }
  // From inside.
  void yield() { outside_ = std::move(outside_).resume(); }
  bool ended() { return !inside_(); }

 private:
  using Context = boost::context::fiber;
  // Never destroyed while a body is in it: that would unwind the body.
  Context& inside_() { return *reinterpret_cast<Context*>(storage_); }
  void forget_body() { new (storage_) Context(); }

  boost::context::stack_context stack_;
  alignas(Context) unsigned char storage_[sizeof(Context)];
  Context outside_;
};

}  // namespace shunt::testing
