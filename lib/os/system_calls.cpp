#include "os/system_calls.hpp"

#include <cerrno>
#include <cstring>

namespace shunt::os {
namespace {

// Written out, not syscall(3): libc's wrapper would clobber the host's errno.
long call_kernel(void*, long number, const long (&a)[6]) {
#if defined(__x86_64__)
  long result;
  register long r10 asm("r10") = a[3];
  register long r8 asm("r8") = a[4];
  register long r9 asm("r9") = a[5];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a[0];
  register long x1 asm("x1") = a[1];
  register long x2 asm("x2") = a[2];
  register long x3 asm("x3") = a[3];
  register long x4 asm("x4") = a[4];
  register long x5 asm("x5") = a[5];
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
