// A file descriptor that is closed when its holder goes away.
//
// It closes through the gate that opened it. Movable, not copyable. It does not know about fork: a descriptor
// that speaks of an address space (userfaultfd, /proc/self/maps) still speaks of the parent's in a child.
#pragma once

#include <utility>

#include "os/memory.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const SystemCalls& kernel, int number) : kernel_(kernel), number_(number) {}
  Descriptor(Descriptor&& other) noexcept
      : kernel_(other.kernel_), number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(kernel_, other.kernel_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  void close() {
    if (is_open()) close_descriptor(kernel_, std::exchange(number_, -1));
  }

 private:
  SystemCalls kernel_{};
  int number_ = -1;
};

}  // namespace shunt::os
