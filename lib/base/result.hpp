// A value, or the Error that says why there is none. Nothing in Shunt throws.
//
// Error names the operation that failed, the errno of the system call (0 where none was involved) and, in
// `advice`, what would be right. All three are static strings or numbers: an Error can be made when memory is
// exhausted, copied freely, and outlives the heap.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/check.hpp"

namespace shunt {

struct Error {
  const char* operation = "";
  int code = 0;
  const char* advice = "";
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T v) : value_(std::move(v)), ok_(true) {}
  Result(Error e) : error_(e), ok_(false) {}
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (ok_) {
      new (&value_) T(std::move(other.value_));
    } else {
      new (&error_) Error(other.error_);
    }
  }
  Result& operator=(Result&&) = delete;
  ~Result() {
    if (ok_) value_.~T();
  }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  T& value() {
    SHUNT_CHECK(ok_, ==, true);
    return value_;
  }
  const T& value() const {
    SHUNT_CHECK(ok_, ==, true);
    return value_;
  }
  T take() { return std::move(value()); }
  Error error() const {
    SHUNT_CHECK(ok_, ==, false);
    return error_;
  }

 private:
  union {
    T value_;
    Error error_;
  };
  bool ok_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error e) : error_(e), ok_(false) {}
  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  Error error() const {
    SHUNT_CHECK(ok_, ==, false);
    return error_;
  }

 private:
  Error error_{};
  bool ok_ = true;
};

}  // namespace shunt
