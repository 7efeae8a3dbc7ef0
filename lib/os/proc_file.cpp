// Reads small /proc files whole, into a buffer on the stack.
#include "os/proc_file.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

namespace shunt::os {

Result<Descriptor> open_for_reading(const SystemCalls& kernel, const char* path) {
  const long answer = kernel(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (failed(answer)) return Error{path, errno_of(answer), "is /proc mounted and readable here?"};
  return Descriptor(kernel, static_cast<int>(answer));
}

Result<std::size_t> read_to_end(const SystemCalls& kernel, int descriptor, std::span<char> buffer) {
  std::size_t used = 0;
  while (used < buffer.size()) {
    const long answer = kernel(SYS_read, descriptor, buffer.data() + used, buffer.size() - used);
    if (failed(answer))
      return Error{"reading from /proc", errno_of(answer), "is /proc mounted and readable here?"};
    if (answer == 0) break;
    used += static_cast<std::size_t>(answer);
  }
  return used;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::uint64_t sum = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  if (digits == 0) return false;
  text.remove_prefix(digits);
  number = sum;
  return true;
}

Result<std::uint64_t> read_number(const SystemCalls& kernel, const char* path) {
  Result<Descriptor> file = open_for_reading(kernel, path);
  if (!file) return file.error();
  char buffer[64];
  const Result<std::size_t> length = read_to_end(kernel, file.value().number(), buffer);
  if (!length) return length.error();
  std::string_view text(buffer, length.value());
  std::uint64_t number = 0;
  if (!take_number(text, number)) return Error{path, 0, "the file should start with a number"};
  return number;
}

}  // namespace shunt::os
