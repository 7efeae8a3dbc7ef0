// The real gate: the system call instruction, and names for error numbers.
#include "os/system_calls.hpp"

#include <cerrno>
#include <cstring>

namespace shunt::os {
namespace {

// Written out, not syscall(3): libc's wrapper would clobber the host's errno. The arguments are read into
// plain locals first: nothing that could become a call (a sanitizer's check) may stand between setting a
// register and using it.
long call_kernel(void*, long number, const long (&a)[6]) {
  const long a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5];
#if defined(__x86_64__)
  long result;
  register long r10 asm("r10") = a3;
  register long r8 asm("r8") = a4;
  register long r9 asm("r9") = a5;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a0;
  register long x1 asm("x1") = a1;
  register long x2 asm("x2") = a2;
  register long x3 asm("x3") = a3;
  register long x4 asm("x4") = a4;
  register long x5 asm("x5") = a5;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "Shunt speaks to the kernel on x86-64 and arm64 only"
#endif
}

static_assert(not_permitted == EPERM && no_entry == ENOENT && bad_descriptor == EBADF &&
              try_again == EAGAIN && no_memory == ENOMEM && bad_address == EFAULT && busy == EBUSY &&
              exists == EEXIST && invalid == EINVAL && not_implemented == ENOSYS && interrupted == EINTR);

}  // namespace

SystemCalls SystemCalls::real() { return {&call_kernel, nullptr}; }

const char* errno_name(int code) {
  const char* name = ::strerrorname_np(code);
  return name != nullptr ? name : "E?";
}

}  // namespace shunt::os
