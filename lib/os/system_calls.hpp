// The one gate through which every request to the kernel goes.
//
// A SystemCalls is a function and its context, so that tests can count calls, refuse them, or play a kernel
// that does not exist yet, and so that two heaps in one process can live in different worlds. Results follow
// the raw kernel convention: a value, or -errno in [-4095, -1]. errno itself is never read or written, so a
// host's errno survives every call into Shunt. Keeps true: invariant 6 starts here, because nothing else in
// Shunt can reach the kernel.
#pragma once

#include <cstdint>

namespace shunt::os {

struct SystemCalls {
  using Call = long (*)(void* context, long number, const long (&arguments)[6]);

  Call call = nullptr;
  void* context = nullptr;

  template <class... Arguments>
  long operator()(long number, Arguments... arguments) const {
    static_assert(sizeof...(Arguments) <= 6);
    const long words[6] = {to_word(arguments)...};
    return call(context, number, words);
  }

  // The running kernel. Thread-safe, no state.
  static SystemCalls real();

 private:
  template <class T>
  static long to_word(T* pointer) {
    return reinterpret_cast<long>(pointer);
  }
  template <class T>
  static long to_word(T number) {
    return static_cast<long>(number);
  }
};

constexpr bool failed(long result) { return result < 0 && result >= -4095; }
constexpr int errno_of(long result) { return failed(result) ? static_cast<int>(-result) : 0; }

// The answers that movers tell apart, so that no other layer needs <cerrno>.
inline constexpr int not_permitted = 1;     // EPERM
inline constexpr int no_entry = 2;          // ENOENT
inline constexpr int bad_descriptor = 9;    // EBADF
inline constexpr int try_again = 11;        // EAGAIN
inline constexpr int no_memory = 12;        // ENOMEM
inline constexpr int bad_address = 14;      // EFAULT
inline constexpr int busy = 16;             // EBUSY
inline constexpr int exists = 17;           // EEXIST
inline constexpr int invalid = 22;          // EINVAL
inline constexpr int not_implemented = 38;  // ENOSYS
inline constexpr int interrupted = 4;       // EINTR

// "ENOMEM" and so on; "E?" for a number that has no name.
const char* errno_name(int code);

}  // namespace shunt::os
