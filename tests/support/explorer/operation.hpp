// One step of a simulated thread, the choices that it has, and what it got. Pure values, shared by the memory
// that performs steps, the execution that collects them from threads, and the trace that prints them.
#pragma once

#include <atomic>
#include <cstdint>

namespace shunt::testing {

enum class Mode : std::uint8_t {
  sequentially_consistent,  // every interleaving, each load sees the last store
  release_acquire,          // every interleaving, and every stale read that C++20's orders allow
};

enum class StepKind : std::uint8_t {
  Load,
  Store,
  Exchange,
  Add,
  And,
  Or,
  Compare,      // compare_exchange_strong
  CompareWeak,  // compare_exchange_weak
  Fence,
  HeavyFence,  // as membarrier(2): a full fence in every thread
};

struct Step {
  StepKind kind = StepKind::Load;
  std::uint8_t location = 0;
  std::memory_order order = std::memory_order_relaxed;
  std::memory_order failure_order = std::memory_order_relaxed;  // of the two compares
  std::uint64_t operand = 0;                                    // stored, added, and-ed, or-ed, desired
  std::uint64_t expected = 0;                                   // by the two compares
  std::uint64_t mask = ~std::uint64_t{0};                       // the bits of the location's type
};

// Which thread goes on, and in which of the ways that its step has. `rank` is counted in modification order:
// the message that is read, or the place where a store goes. `variant` numbers the ways of one thread's step.
struct Choice {
  std::uint8_t thread = 0;
  std::uint8_t variant = 0;
  std::uint8_t rank = 0;
  bool spurious = false;  // a weak compare that fails although the value is the expected one
};

struct StepResult {
  std::uint64_t value = 0;  // that was read
  bool success = true;      // of a compare
};

constexpr bool acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_consume || order == std::memory_order_seq_cst;
}
constexpr bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
constexpr bool is_compare(StepKind kind) {
  return kind == StepKind::Compare || kind == StepKind::CompareWeak;
}
constexpr bool is_fence(StepKind kind) { return kind == StepKind::Fence || kind == StepKind::HeavyFence; }
constexpr bool changes_memory(StepKind kind) { return kind != StepKind::Load && !is_fence(kind); }

}  // namespace shunt::testing
