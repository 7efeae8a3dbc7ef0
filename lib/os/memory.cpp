// The memory system calls, one line each, and the constants that older headers lack.
#include "os/memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

namespace shunt::os {
namespace {

int protection_of(Access access) { return access == Access::None ? PROT_NONE : PROT_READ | PROT_WRITE; }

long advise(const SystemCalls& kernel, AddressRange range, int advice) {
  return kernel(SYS_madvise, value(range.start), range.bytes, advice);
}

}  // namespace

long map_anonymous(const SystemCalls& kernel, Address hint, std::size_t bytes, Access access, bool fixed) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (fixed ? MAP_FIXED : 0);
  return kernel(SYS_mmap, value(hint), bytes, protection_of(access), flags, -1, 0);
}

long map_hole(const SystemCalls& kernel, AddressRange hole) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  return kernel(SYS_mmap, value(hole.start), hole.bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
}

long unmap(const SystemCalls& kernel, AddressRange range) {
  return kernel(SYS_munmap, value(range.start), range.bytes);
}

long protect(const SystemCalls& kernel, AddressRange range, Access access) {
  return kernel(SYS_mprotect, value(range.start), range.bytes, protection_of(access));
}

long drop_pages(const SystemCalls& kernel, AddressRange range) {
  return advise(kernel, range, MADV_DONTNEED);
}

// Not in Debian 12's libc headers' older siblings; the kernel's number.
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

long drop_locked_pages(const SystemCalls& kernel, AddressRange range) {
  return advise(kernel, range, MADV_DONTNEED_LOCKED);
}

long populate_for_write(const SystemCalls& kernel, AddressRange range) {
  return advise(kernel, range, MADV_POPULATE_WRITE);
}

long advise_huge_pages(const SystemCalls& kernel, AddressRange range, bool wanted) {
  return advise(kernel, range, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

long exclude_from_core_dump(const SystemCalls& kernel, AddressRange range) {
  return advise(kernel, range, MADV_DONTDUMP);
}

long remap(const SystemCalls& kernel, Address from, Address to, std::size_t bytes, unsigned flags) {
  static_assert(remap_keep_source == MREMAP_DONTUNMAP);
  return kernel(SYS_mremap, value(from), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | flags, value(to));
}

long resident_pages(const SystemCalls& kernel, AddressRange range, unsigned char* one_byte_a_page) {
  return kernel(SYS_mincore, value(range.start), range.bytes, one_byte_a_page);
}

long close_descriptor(const SystemCalls& kernel, int descriptor) { return kernel(SYS_close, descriptor); }

void yield_processor(const SystemCalls& kernel) { kernel(SYS_sched_yield); }

}  // namespace shunt::os
