// Stacks have a guard page and are allocated once; starting a body only writes a small record on its stack.
#include "support/explorer/fiber.hpp"

#include <boost/context/protected_fixedsize_stack.hpp>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace shunt::testing {
namespace {

constexpr std::size_t stack_bytes = 128 * 1024;

// The stack outlives the bodies that run on it.
struct KeepStack {
  boost::context::stack_context allocate() { return {}; }
  void deallocate(boost::context::stack_context&) {}
};

// What abandoned frames left behind is not theirs any more.
void clean([[maybe_unused]] const boost::context::stack_context& stack) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
}

}  // namespace

Fiber::Fiber() : stack_(boost::context::protected_fixedsize_stack(stack_bytes).allocate()) { forget_body(); }

Fiber::~Fiber() { boost::context::protected_fixedsize_stack(stack_bytes).deallocate(stack_); }

void Fiber::start(std::function<void()>* body) {
  forget_body();
  clean(stack_);
  const boost::context::preallocated all(stack_.sp, stack_.size, stack_);
  inside_() = Context(std::allocator_arg, all, KeepStack{}, [this, body](Context&& outside) {
    outside_ = std::move(outside);
    (*body)();
    return std::move(outside_);
  });
}

}  // namespace shunt::testing
