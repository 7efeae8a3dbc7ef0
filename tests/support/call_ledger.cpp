// Interval arithmetic over mmap, munmap and mremap; a set of descriptors.
#include "support/call_ledger.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace shunt::testing {

void CallLedger::subtract(Ranges& ranges, std::uintptr_t start, std::size_t bytes) {
  const std::uintptr_t end = start + bytes;
  auto at = ranges.upper_bound(start);
  if (at != ranges.begin()) --at;
  while (at != ranges.end() && at->first < end) {
    const auto [from, to] = *at;
    if (to <= start) {
      ++at;
      continue;
    }
    at = ranges.erase(at);
    if (from < start) ranges[from] = start;
    if (to > end) ranges[end] = to;
  }
}

void CallLedger::add(Ranges& ranges, std::uintptr_t start, std::size_t bytes) {
  subtract(ranges, start, bytes);
  ranges[start] = start + bytes;
}

void CallLedger::observe(const KernelCall& call, long answer) {
  observe_mapping(call, answer);
  observe_descriptor(call, answer);
}

void CallLedger::observe_mapping(const KernelCall& call, long answer) {
  const auto start = static_cast<std::uintptr_t>(call.arguments[0]);
  const auto bytes = static_cast<std::size_t>(call.arguments[1]);
  if (call.number == SYS_mmap && !os::failed(answer))
    add(mapped_, static_cast<std::uintptr_t>(answer), bytes);
  if (call.number == SYS_munmap && !os::failed(answer)) subtract(mapped_, start, bytes);
  if (call.number == SYS_munmap && os::failed(answer)) refused_ranges_.emplace_back(start, bytes);
  if (call.number == SYS_mremap && !os::failed(answer)) {
    if ((call.arguments[3] & MREMAP_DONTUNMAP) == 0) subtract(mapped_, start, bytes);
    add(mapped_, static_cast<std::uintptr_t>(answer), bytes);
  }
  if (call.number == SYS_mremap && os::failed(answer)) {
    forget_holes(static_cast<std::uintptr_t>(call.arguments[4]), static_cast<std::size_t>(call.arguments[2]));
    forget_holes(start, bytes);
  }
}

// A call that failed may have unmapped its destination first, and taken a part of the source away.
void CallLedger::forget_holes(std::uintptr_t start, std::size_t bytes) {
  unsigned char unused = 0;
  for (std::size_t at = 0; at < bytes; at += page_bytes) {
    if (::mincore(reinterpret_cast<void*>(start + at), page_bytes, &unused) != 0)
      subtract(mapped_, start + at, page_bytes);
  }
}

void CallLedger::observe_descriptor(const KernelCall& call, long answer) {
  const bool opens =
      call.number == SYS_openat || call.number == SYS_userfaultfd || call.number == SYS_pidfd_open;
  if (opens && !os::failed(answer)) {
    open_.insert(static_cast<int>(answer));
    refused_descriptors_.erase(static_cast<int>(answer));
  }
  // Closed behind Shunt's back.
  if (is_uffd_move(call) && os::errno_of(answer) == EBADF) open_.erase(static_cast<int>(call.arguments[0]));
  if (call.number != SYS_close) return;
  const auto descriptor = static_cast<int>(call.arguments[0]);
  // EINTR of a close means closed all the same (close(2), "Dealing with error returns").
  if (!os::failed(answer) || os::errno_of(answer) == EINTR) {
    open_.erase(descriptor);
  } else {
    refused_descriptors_.insert(descriptor);
  }
}

CallLedger::Ranges CallLedger::leaked_ranges() const {
  Ranges leaked = mapped_;
  for (const auto& [start, bytes] : refused_ranges_) subtract(leaked, start, bytes);
  return leaked;
}

std::size_t CallLedger::leaked_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [start, end] : leaked_ranges()) bytes += end - start;
  return bytes;
}

std::string CallLedger::what_is_leaked() const {
  std::string text;
  for (const auto& [start, end] : leaked_ranges()) {
    text += "mapping of " + std::to_string((end - start) / page_bytes) + " pages leaked; ";
  }
  for (const int descriptor : open_) {
    if (!refused_descriptors_.contains(descriptor))
      text += "descriptor " + std::to_string(descriptor) + " leaked; ";
  }
  return text;
}

void CallLedger::give_back_refused() {
  for (const auto& [start, bytes] : refused_ranges_) {
    // Only what is still held: the rest may be somebody else's by now.
    Ranges mine = mapped_;
    subtract(mapped_, start, bytes);
    for (const auto& [kept, end] : mapped_) subtract(mine, kept, end - kept);
    for (const auto& [from, to] : mine) ::munmap(reinterpret_cast<void*>(from), to - from);
  }
  refused_ranges_.clear();
  for (const int descriptor : refused_descriptors_) {
    if (open_.erase(descriptor) != 0) ::close(descriptor);
  }
  refused_descriptors_.clear();
}

}  // namespace shunt::testing
