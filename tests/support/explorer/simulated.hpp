// What code under exploration is built on instead of std::atomic, plain variables and fences.
//
// Simulated<T> has std::atomic's interface as far as Shunt uses it; every operation is a step, before which
// the explorer decides who goes on and what is read. Plain<T> is data that is not atomic: no step, but an
// access that is not ordered with another thread's is reported as a data race. T: integers, enums, bool and
// pointers up to 64 bits. All of them must be made (zero, or with a value) while the program's state is made.
#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

#include "support/explorer/execution.hpp"

namespace shunt::testing {
namespace detail {

template <class T>
constexpr std::uint64_t bits_of(T value) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<std::uintptr_t>(value);
  } else if constexpr (std::is_enum_v<T>) {
    return bits_of(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::make_unsigned_t<T>>(value);
  } else {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
}
template <class T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
static_assert(std::endian::native == std::endian::little);

// Order of the load that a refused compare is, when only one order is given.
constexpr std::memory_order order_of_refusal(std::memory_order order) {
  if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
  return order == std::memory_order_release ? std::memory_order_relaxed : order;
}

}  // namespace detail

template <class T>
class Simulated {
 public:
  using value_type = T;
  using Order = std::memory_order;
  static constexpr bool is_always_lock_free = true;

  Simulated() : Simulated(T{}) {}
  explicit Simulated(T initial)
      : location_(static_cast<std::uint8_t>(Execution::running().add_location(detail::bits_of(initial)))) {}
  Simulated(const Simulated&) = delete;
  Simulated& operator=(const Simulated&) = delete;
  // For traces; `name` must last.
  void name(const char* name, int index = -1) { Execution::running().name_location(location_, name, index); }

  T load(Order order = Order::seq_cst) const { return result(step(StepKind::Load, order)); }
  void store(T value, Order order = Order::seq_cst) { perform(step(StepKind::Store, order, value)); }
  T exchange(T value, Order order = Order::seq_cst) { return result(step(StepKind::Exchange, order, value)); }
  bool compare_exchange_strong(T& expected, T desired, Order order, Order refused) {
    return compare(StepKind::Compare, expected, desired, order, refused);
  }
  bool compare_exchange_strong(T& expected, T desired, Order order = Order::seq_cst) {
    return compare(StepKind::Compare, expected, desired, order, detail::order_of_refusal(order));
  }
  bool compare_exchange_weak(T& expected, T desired, Order order, Order refused) {
    return compare(StepKind::CompareWeak, expected, desired, order, refused);
  }
  bool compare_exchange_weak(T& expected, T desired, Order order = Order::seq_cst) {
    return compare(StepKind::CompareWeak, expected, desired, order, detail::order_of_refusal(order));
  }
  T fetch_and(T value, Order order = Order::seq_cst) { return result(step(StepKind::And, order, value)); }
  T fetch_or(T value, Order order = Order::seq_cst) { return result(step(StepKind::Or, order, value)); }
  // Of a pointer: by so many elements.
  template <class Difference>
  T fetch_add(Difference by, Order order = Order::seq_cst) {
    return result(add(static_cast<std::uint64_t>(by) * unit(), order));
  }
  template <class Difference>
  T fetch_sub(Difference by, Order order = Order::seq_cst) {
    return result(add(0 - static_cast<std::uint64_t>(by) * unit(), order));
  }

 private:
  static constexpr std::uint64_t mask = ~std::uint64_t{0} >> (64 - 8 * sizeof(T));
  static constexpr std::uint64_t unit() {
    if constexpr (std::is_pointer_v<T>) {
      return sizeof(std::remove_pointer_t<T>);
    } else {
      return 1;
    }
  }
  Step step(StepKind kind, Order order, T operand = T{}) const {
    return {kind, location_, order, order, detail::bits_of(operand), 0, mask};
  }
  Step add(std::uint64_t bits, Order order) const {
    Step add = step(StepKind::Add, order);
    add.operand = bits & mask;
    return add;
  }
  static StepResult perform(const Step& step) { return Execution::running().step(step); }
  static T result(const Step& step) { return detail::from_bits<T>(perform(step).value); }
  bool compare(StepKind kind, T& expected, T desired, Order order, Order refused) {
    Step compare = step(kind, order, desired);
    compare.failure_order = refused;
    compare.expected = detail::bits_of(expected);
    const StepResult result = perform(compare);
    if (!result.success) expected = detail::from_bits<T>(result.value);
    return result.success;
  }

  std::uint8_t location_;
};

template <class T>
class Plain {
 public:
  Plain() : Plain(T{}) {}
  explicit Plain(T initial)
      : cell_(static_cast<std::uint8_t>(Execution::running().add_cell(detail::bits_of(initial)))) {}
  Plain(const Plain&) = delete;
  void name(const char* name, int index = -1) { Execution::running().name_cell(cell_, name, index); }

  T get() const { return detail::from_bits<T>(Execution::running().read_cell(cell_)); }
  void set(T value) { Execution::running().write_cell(cell_, detail::bits_of(value)); }
  operator T() const { return get(); }
  Plain& operator=(T value) { return set(value), *this; }

 private:
  std::uint8_t cell_;
};

// std::atomic_thread_fence
inline void simulated_fence(std::memory_order order) {
  Execution::running().step({StepKind::Fence, 0, order, order, 0, 0, 0});
}

// The pair of an asymmetric fence. light() keeps the compiler from reordering and nothing else, so it is no
// step; heavy() is membarrier(2).
struct SimulatedFences {
  static void light() {}
  static void heavy() {
    const auto order = std::memory_order_seq_cst;
    Execution::running().step({StepKind::HeavyFence, 0, order, order, 0, 0, 0});
  }
  static void full() { simulated_fence(std::memory_order_seq_cst); }
};

// In the place of os::ProcessBarrier, on a kernel that has membarrier(2) or has not; or that agrees to it at
// first and refuses the call itself, and, it may be, those who enroll once the threads run. What a true
// answer of enroll() orders is left out: nobody is to rely on it.
class SimulatedBarrier : public SimulatedFences {
 public:
  enum class Kernel : std::uint8_t { has_it, lacks_it, refuses_calls, refuses_calls_and_late_joiners };
  SimulatedBarrier() = default;
  explicit SimulatedBarrier(Kernel kernel) : kernel_(kernel) {}

  bool enroll() const {
    if (kernel_ == Kernel::lacks_it) return false;
    return kernel_ != Kernel::refuses_calls_and_late_joiners || !Execution::running().threads_run();
  }
  bool run() const {
    if (kernel_ != Kernel::has_it) return false;
    heavy();
    return true;
  }

 private:
  Kernel kernel_ = Kernel::has_it;
};

}  // namespace shunt::testing
