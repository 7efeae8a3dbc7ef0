// Checks of what must be true. A broken one prints both operands and aborts: a heap that contradicts itself
// must not go on moving somebody's memory.
//
// Three levels, set by the build option `check_level` (each includes the ones before it):
//   SHUNT_CHECK          minimal: contracts of calls
//   SHUNT_CHECK_SHALLOW  shallow: O(1) a call
//   SHUNT_CHECK_DEEP     deep: may walk the heap
// Failures of the environment are not checks: they are Results (result.hpp).
#pragma once

#include <type_traits>

#ifndef SHUNT_CHECK_LEVEL
#define SHUNT_CHECK_LEVEL 1
#endif

namespace shunt::detail {

[[noreturn]] void check_failed(const char* file, int line, const char* expression, unsigned long long left,
                               unsigned long long right);

template <class T>
constexpr unsigned long long printable(T v) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<unsigned long long>(v);
  } else {
    return static_cast<unsigned long long>(v);
  }
}

}  // namespace shunt::detail

// SHUNT_CHECK(a, <=, b): an operator as the middle argument, so that both sides can be printed.
#define SHUNT_CHECK(left, op, right)                                              \
  do {                                                                            \
    const auto shunt_left = (left);                                               \
    const auto shunt_right = (right);                                             \
    if (!(shunt_left op shunt_right)) [[unlikely]] {                              \
      ::shunt::detail::check_failed(__FILE__, __LINE__, #left " " #op " " #right, \
                                    ::shunt::detail::printable(shunt_left),       \
                                    ::shunt::detail::printable(shunt_right));     \
    }                                                                             \
  } while (false)

#if SHUNT_CHECK_LEVEL >= 1
#define SHUNT_CHECK_SHALLOW(left, op, right) SHUNT_CHECK(left, op, right)
#else
#define SHUNT_CHECK_SHALLOW(left, op, right) static_cast<void>(0)
#endif

#if SHUNT_CHECK_LEVEL >= 2
#define SHUNT_CHECK_DEEP(left, op, right) SHUNT_CHECK(left, op, right)
#else
#define SHUNT_CHECK_DEEP(left, op, right) static_cast<void>(0)
#endif
