// Parses uname's release and knows the one range of releases with the DONTUNMAP merge bug.
#include "os/kernel_release.hpp"

#include <sys/syscall.h>
#include <sys/utsname.h>

#include <string_view>

#include "os/proc_file.hpp"

namespace shunt::os {

KernelRelease parse_release(const char* text) {
  std::string_view rest(text);
  std::uint64_t parts[3] = {0, 0, 0};
  for (std::uint64_t& part : parts) {
    if (!take_number(rest, part) || part > 1'000'000) {
      part = 0;
      break;
    }
    if (rest.empty() || rest.front() != '.') break;
    rest.remove_prefix(1);
  }
  return {static_cast<int>(parts[0]), static_cast<int>(parts[1]), static_cast<int>(parts[2])};
}

Result<KernelRelease> kernel_release(const SystemCalls& kernel) {
  utsname names{};
  const long answer = kernel(SYS_uname, &names);
  if (failed(answer)) return Error{"uname", errno_of(answer), "the sandbox refuses uname"};
  return parse_release(names.release);
}

bool dontunmap_merge_is_unsafe(KernelRelease release) {
  if (release.major == 0) return true;
  return release >= KernelRelease{6, 16, 0} && release < KernelRelease{6, 18, 7};
}

}  // namespace shunt::os
