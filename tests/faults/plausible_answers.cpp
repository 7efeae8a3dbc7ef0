// One table: call, name, answers.
#include "faults/plausible_answers.hpp"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

namespace shunt::testing {
namespace {

constexpr Extent nothing = Extent::Nothing, part = Extent::Part, all = Extent::All;

constexpr FaultAnswer map_answers[] = {{ENOMEM}, {EAGAIN}, {EEXIST}, {EINVAL}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer unmap_answers[] = {{ENOMEM}, {EINTR}, {EINVAL}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer protect_answers[] = {{ENOMEM}, {EACCES}, {EINTR}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer remap_answers[] = {{ENOMEM},
                                         {EFAULT},
                                         {EAGAIN},
                                         {EINVAL},
                                         {EINTR},
                                         {EPERM},
                                         {ENOSYS},
                                         {ENOMEM, part},
                                         {EFAULT, part},
                                         {EINTR, part},
                                         {EPERM, part},
                                         {ENOMEM, Extent::Unmapped},
                                         {EFAULT, Extent::Unmapped},
                                         {ENOMEM, Extent::PartUnmapped}};
constexpr FaultAnswer move_answers[] = {{ENOMEM}, {EAGAIN}, {EAGAIN, part}, {EBUSY}, {EEXIST},
                                        {EINVAL}, {EPERM},  {ENOSYS},       {EINTR}, {EFAULT},
                                        {ENOENT}, {ESRCH},  {EBADF}};
constexpr FaultAnswer drop_answers[] = {{EINVAL}, {ENOMEM}, {EAGAIN},       {EINTR},
                                        {EPERM},  {ENOSYS}, {EINVAL, part}, {ENOMEM, part}};
constexpr FaultAnswer populate_answers[] = {{ENOMEM}, {EAGAIN}, {EBUSY},  {EFAULT},       {EINTR},
                                            {EINVAL}, {EPERM},  {ENOSYS}, {ENOMEM, part}, {ENOMEM, all}};
constexpr FaultAnswer advice_answers[] = {{EINVAL}, {ENOMEM}, {EAGAIN}, {EBUSY}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer mincore_answers[] = {{EAGAIN}, {ENOMEM}, {EFAULT}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer ioctl_answers[] = {{EINVAL}, {ENOTTY}, {EAGAIN}, {EINTR}, {EBUSY},
                                         {EFAULT}, {ENOMEM}, {EPERM},  {ENOSYS}};
constexpr FaultAnswer userfaultfd_answers[] = {{EINVAL}, {EAGAIN}, {EINTR}, {EBUSY},
                                               {EFAULT}, {ENOMEM}, {EPERM}, {ENOSYS}};
constexpr FaultAnswer open_answers[] = {{EPERM}, {ENOENT}, {EMFILE}, {ENOMEM}, {EINTR}, {ENOSYS}};
constexpr FaultAnswer read_answers[] = {{EINTR}, {EAGAIN}, {EPERM}, {ESRCH}, {ENOMEM}, {0, part}};
constexpr FaultAnswer close_answers[] = {{EINTR, all}, {EPERM}, {EBADF}};
constexpr FaultAnswer process_advice_answers[] = {{EPERM}, {ENOSYS}, {EINVAL}, {EAGAIN},
                                                  {EINTR}, {ENOMEM}, {0, part}};
// EAGAIN is not among them: it says that the word is another, which a kernel does not make up.
constexpr FaultAnswer futex_answers[] = {{EPERM}, {ENOSYS}, {EINTR}};
constexpr FaultAnswer other_answers[] = {{EPERM}, {ENOSYS}, {EINTR}, {EFAULT}};

struct NamedCall {
  long number;
  const char* name;
  std::span<const FaultAnswer> answers;
};
constexpr NamedCall calls[] = {
    {SYS_mmap, "mmap", map_answers},
    {SYS_munmap, "munmap", unmap_answers},
    {SYS_mprotect, "mprotect", protect_answers},
    {SYS_mremap, "mremap", remap_answers},
    {SYS_madvise, "madvise", advice_answers},
    {SYS_mincore, "mincore", mincore_answers},
    {SYS_ioctl, "ioctl", ioctl_answers},
    {SYS_userfaultfd, "userfaultfd", open_answers},
    {SYS_openat, "openat", open_answers},
    {SYS_pidfd_open, "pidfd_open", open_answers},
    {SYS_read, "read", read_answers},
    {SYS_pread64, "pread64", read_answers},
    {SYS_close, "close", close_answers},
    {SYS_process_madvise, "process_madvise", process_advice_answers},
    {SYS_futex, "futex", futex_answers},
    {SYS_readlinkat, "readlinkat", open_answers},
    {SYS_lseek, "lseek", other_answers},
    {SYS_getpid, "getpid", other_answers},
    {SYS_gettid, "gettid", other_answers},
    {SYS_uname, "uname", other_answers},
    {SYS_prlimit64, "prlimit64", other_answers},
    {SYS_sched_yield, "sched_yield", other_answers},
};

const NamedCall* find(const KernelCall& call) {
  const auto* found = std::find_if(std::begin(calls), std::end(calls),
                                   [&](const NamedCall& c) { return c.number == call.number; });
  return found == std::end(calls) ? nullptr : found;
}

const char* name_of_ioctl(unsigned long request) {
  switch (request) {
    case UFFDIO_API:
      return "UFFDIO_API";
    case UFFDIO_REGISTER:
      return "UFFDIO_REGISTER";
    case UFFDIO_UNREGISTER:
      return "UFFDIO_UNREGISTER";
    case _IOWR('f', 16, char[96]):
      return "PAGEMAP_SCAN";
    case _IOWR('f', 17, char[104]):
      return "PROCMAP_QUERY";
    default:
      return "ioctl";
  }
}

bool is_uffd_request(const KernelCall& call) {
  return call.number == SYS_ioctl && _IOC_TYPE(call.arguments[1]) == UFFDIO;
}

// The descriptor is closed behind Shunt's back; then there is nothing to move by.
long closed_descriptor(const KernelCall& call) {
  real_call({SYS_close, {call.arguments[0]}});
  return -EBADF;
}

FaultyKernel::Act remap_act(FaultAnswer answer) {
  if (answer.extent == Extent::Unmapped) return remap_that_unmaps(answer.code);
  return remap_of_some_vmas(answer.code, answer.extent == Extent::PartUnmapped);
}

long half_of_a_move(const KernelCall& call) {
  const auto* request = reinterpret_cast<const std::uint64_t*>(call.arguments[2]);  // to, from, bytes, ...
  const std::size_t half = align_down(std::size_t{request[2]} / 2, page_bytes);
  return half == 0 ? failed_uffd_move(EAGAIN)(call) : partial_uffd_move(half)(call);
}

bool is_read(const KernelCall& call) { return call.number == SYS_read || call.number == SYS_pread64; }

long answer_in_part(FaultAnswer answer, const KernelCall& call) {
  if (is_uffd_move(call)) return half_of_a_move(call);
  if (call.number == SYS_madvise) return half_advice(answer.code)(call);
  if (is_read(call)) return short_read()(call);
  if (call.number == SYS_process_madvise) return short_process_advice()(call);
  return -long{answer.code != 0 ? answer.code : EINTR};
}

}  // namespace

const char* name_of(Extent extent) {
  constexpr const char* names[] = {"nothing", "part", "all", "unmapped", "part-unmapped"};
  return names[static_cast<std::size_t>(extent)];
}

std::string name_of_call(const KernelCall& call) {
  if (is_uffd_move(call)) return "UFFDIO_MOVE";
  if (call.number == SYS_ioctl) return name_of_ioctl(static_cast<unsigned long>(call.arguments[1]));
  if (is_advice(call, MADV_DONTNEED)) return "MADV_DONTNEED";
  if (is_populate(call)) return "MADV_POPULATE_WRITE";
  const NamedCall* known = find(call);
  return known != nullptr ? known->name : "system call " + std::to_string(call.number);
}

std::span<const FaultAnswer> plausible_answers(const KernelCall& call) {
  if (is_uffd_move(call)) return move_answers;
  if (is_drop(call)) return drop_answers;
  if (is_populate(call)) return populate_answers;
  if (is_uffd_request(call)) return userfaultfd_answers;
  const NamedCall* known = find(call);
  return known != nullptr ? known->answers : std::span<const FaultAnswer>(other_answers);
}

FaultyKernel::Act act_of(FaultAnswer answer) {
  return [answer](const KernelCall& call) -> long {
    if (is_remap(call) && answer.extent != nothing && answer.extent != all) return remap_act(answer)(call);
    if (answer.extent == all) return done_but_fails(answer.code)(call);
    if (answer.extent != nothing) return answer_in_part(answer, call);
    if (is_uffd_move(call) && answer.code == EBADF) return closed_descriptor(call);
    const bool by_the_sandbox = answer.code == EPERM || answer.code == ENOSYS;
    if (is_uffd_move(call) && !by_the_sandbox) return failed_uffd_move(answer.code)(call);
    return -long{answer.code};
  };
}

bool moves_pages(const KernelCall& call) { return is_uffd_move(call) || is_remap(call); }

bool changes_memory(const KernelCall& call) {
  const bool maps_over = call.number == SYS_mmap && call.arguments[0] != 0;
  return moves_pages(call) || is_drop(call) || is_populate(call) || maps_over ||
         call.number == SYS_process_madvise;
}

}  // namespace shunt::testing
