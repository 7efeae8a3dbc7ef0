// What each simulated kernel does to the calls that it knows; all others go to the real one.
#include "support/simulated_kernel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace shunt::testing {
namespace {

// The kernel's numbers, for headers older than they are.
constexpr unsigned long uffdio_move_request = 0xC028'AA05;
constexpr int populate_write_advice = 23;
constexpr int drop_locked_advice = 24;
constexpr long relocate_flag = 8;
constexpr long must_relocate_flag = 16;

struct UffdMove {
  std::uint64_t to;
  std::uint64_t from;
  std::uint64_t bytes;
  std::uint64_t mode;
  std::int64_t moved;
};

KernelCall pack(long number, const long (&arguments)[6]) {
  KernelCall call;
  call.number = number;
  std::copy(std::begin(arguments), std::end(arguments), std::begin(call.arguments));
  return call;
}

char* bytes_at(long address) { return reinterpret_cast<char*>(address); }

bool holds_something(const char* page) {
  return std::any_of(page, page + page_bytes, [](char c) { return c != 0; });
}

// Only what holds contents: holes stay holes.
void copy_pages(char* to, const char* from, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += page_bytes) {
    if (holds_something(from + at)) std::memcpy(to + at, from + at, page_bytes);
  }
}

}  // namespace

bool is_remap(const KernelCall& call) { return call.number == SYS_mremap; }
bool is_open_userfaultfd(const KernelCall& call) { return call.number == SYS_userfaultfd; }
bool is_advice(const KernelCall& call, int advice) {
  return call.number == SYS_madvise && call.arguments[2] == advice;
}
bool is_populate(const KernelCall& call) { return is_advice(call, populate_write_advice); }
bool is_drop(const KernelCall& call) {
  return is_advice(call, MADV_DONTNEED) || is_advice(call, drop_locked_advice);
}
bool is_uffd_move(const KernelCall& call) {
  return call.number == SYS_ioctl && static_cast<unsigned long>(call.arguments[1]) == uffdio_move_request;
}

long real_call(const KernelCall& call) {
  const long* a = call.arguments;
  return os::SystemCalls::real()(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

os::SystemCalls RelocatingKernel::gate() { return {&RelocatingKernel::call, this}; }

long RelocatingKernel::call(void* self, long number, const long (&arguments)[6]) {
  auto& kernel = *static_cast<RelocatingKernel*>(self);
  KernelCall call = pack(number, arguments);
  if (kernel.refuses_userfaultfd_ && is_open_userfaultfd(call)) return -EPERM;
  if (!is_remap(call) || (call.arguments[3] & relocate_flag) == 0) return real_call(call);
  if (kernel.honest_) return kernel.relocate(call);
  call.arguments[3] &= ~(relocate_flag | must_relocate_flag);
  return real_call(call);
}

long RelocatingKernel::relocate(const KernelCall& call) {
  const auto [from, old_bytes, new_bytes, flags, to, unused] = call.arguments;
  const bool keeps_source = (flags & MREMAP_DONTUNMAP) != 0;
  const bool overlaps = from < to + new_bytes && to < from + old_bytes;
  const long known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP | relocate_flag | must_relocate_flag;
  if ((flags & ~known) != 0 || (flags & MREMAP_FIXED) == 0 || (flags & MREMAP_MAYMOVE) == 0) return -EINVAL;
  if (old_bytes != new_bytes || old_bytes == 0 || overlaps) return -EINVAL;
  if (keeps_source && !keeps_source_) return -EINVAL;
  if (::madvise(bytes_at(to), static_cast<std::size_t>(new_bytes), MADV_DONTNEED) != 0) return -ENOMEM;
  copy_pages(bytes_at(to), bytes_at(from), static_cast<std::size_t>(old_bytes));
  if (keeps_source) {
    ::madvise(bytes_at(from), static_cast<std::size_t>(old_bytes), MADV_DONTNEED);
  } else {
    ::munmap(bytes_at(from), static_cast<std::size_t>(old_bytes));
  }
  ++relocations_;
  return to;
}

void FaultyKernel::replace(Match match, std::size_t nth, std::size_t times, Act act) {
  rules_.push_back({std::move(match), nth, times, std::move(act)});
}

void FaultyKernel::fail(Match match, std::size_t nth, std::size_t times, int code) {
  replace(std::move(match), nth, times, [code](const KernelCall&) { return -long{code}; });
}

std::size_t FaultyKernel::count(const Match& match) const {
  return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), match));
}

long FaultyKernel::call(void* self, long number, const long (&arguments)[6]) {
  auto& kernel = *static_cast<FaultyKernel*>(self);
  const KernelCall call = pack(number, arguments);
  kernel.seen_.push_back(call);
  const long answer = kernel.answer(call);
  if (kernel.watcher_) kernel.watcher_(call, answer);
  return answer;
}

long FaultyKernel::answer(const KernelCall& call) {
  for (Rule& rule : rules_) {
    if (rule.left == 0 || !rule.match(call)) continue;
    if (rule.skip != 0) {
      --rule.skip;
      continue;
    }
    if (rule.left != for_ever) --rule.left;
    ++replaced_;
    return rule.act(call);
  }
  return real_call(call);
}

FaultyKernel::Act partial_uffd_move(std::size_t bytes) {
  return [bytes](const KernelCall& call) -> long {
    auto& request = *reinterpret_cast<UffdMove*>(call.arguments[2]);
    UffdMove part = request;
    part.bytes = std::min<std::uint64_t>(bytes, request.bytes);
    KernelCall real = call;
    real.arguments[2] = reinterpret_cast<long>(&part);
    const long answer = real_call(real);
    request.moved = part.moved;
    return os::failed(answer) || part.bytes == request.bytes ? answer : -EAGAIN;
  };
}

FaultyKernel::Act failed_uffd_move(int code) {
  return [code](const KernelCall& call) -> long {
    reinterpret_cast<UffdMove*>(call.arguments[2])->moved = -code;
    return -long{code};
  };
}

FaultyKernel::Act partial_remap(std::size_t bytes, int code, bool unmaps_rest) {
  return [=](const KernelCall& call) -> long {
    const auto total = static_cast<std::size_t>(call.arguments[1]);
    const std::size_t part = std::min(bytes, total);
    KernelCall real = call;
    real.arguments[1] = real.arguments[2] = static_cast<long>(part);
    if (part != 0) {
      const long answer = real_call(real);
      if (os::failed(answer)) return answer;
    }
    if (unmaps_rest && part < total) ::munmap(bytes_at(call.arguments[4]) + part, total - part);
    return -long{code};
  };
}

}  // namespace shunt::testing
