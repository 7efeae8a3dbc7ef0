// Scratch pages between inaccessible ones, and the proof that a page is still ours before it is unmapped.
#include "os/probe_scratch.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <utility>

#include "os/memory.hpp"

namespace shunt::os {

Result<ProbeScratch> ProbeScratch::map(const SystemCalls& kernel, std::size_t pages) {
  SHUNT_CHECK(pages, <=, max_pages);
  const long mapped = map_anonymous(kernel, Address::null, pages * page_bytes, Access::None, false);
  if (failed(mapped))
    return Error{"mmap of probe pages", errno_of(mapped), "the probe needs a few free pages and VMAs"};
  ProbeScratch scratch;
  scratch.kernel_ = kernel;
  scratch.range_ = {Address{static_cast<std::uintptr_t>(mapped)}, pages * page_bytes};
  // The thread and the place: two scratches that live at once differ in one of them. The low bits count
  // pages.
  const auto thread = static_cast<std::uint32_t>(kernel(SYS_gettid));
  const auto place = static_cast<std::uint32_t>(value(scratch.range_.start) >> page_shift);
  scratch.markers_from_ =
      ((thread * 0x9E3779B1u ^ place * 0x85EBCA6Bu) | 0x8000'0000u) & ~std::uint32_t{max_pages - 1};
  // Larger folios would fill the holes that the probes look at. Where this is refused there are none.
  advise_huge_pages(kernel, scratch.range_, false);
  return scratch;
}

ProbeScratch::ProbeScratch(ProbeScratch&& other) noexcept
    : kernel_(other.kernel_),
      range_(std::exchange(other.range_, AddressRange{})),
      lost_(other.lost_),
      markers_from_(other.markers_from_) {}

ProbeScratch::~ProbeScratch() {
  const std::size_t count = range_.bytes / page_bytes;
  for (std::size_t first = 0; first < count;) {
    std::size_t end = first;
    while (end < count && !is_lost(end)) ++end;
    if (end != first) unmap(kernel_, pages(first, end - first));
    first = end + 1;
  }
}

bool ProbeScratch::open(std::size_t first, std::size_t count) {
  return !failed(protect(kernel_, pages(first, count), Access::ReadWrite));
}

bool ProbeScratch::make_read_only(std::size_t index) {
  return !failed(kernel_(SYS_mprotect, value(page(index)), page_bytes, PROT_READ));
}

void ProbeScratch::mark(std::size_t index) {
  *pointer_to<volatile std::uint32_t>(page(index)) = marker(index);
}

// FUTEX_CMP_REQUEUE of no waiters onto no waiters: compares the word and does nothing else, and answers
// EFAULT where a load would be a fault. Unlike FUTEX_WAIT it never sleeps.
bool ProbeScratch::holds(Address address, std::uint32_t word) const {
  constexpr int attempts = 3;
  std::uint32_t nobody_waits_here = 0;
  for (int i = 0; i < attempts; ++i) {
    const long answer =
        kernel_(SYS_futex, value(address), FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, &nobody_waits_here, word);
    if (!failed(answer)) return true;
    // Another word, or no memory there. Any other error says nothing about the page: ask again.
    if (errno_of(answer) == EAGAIN || errno_of(answer) == EFAULT) return false;
  }
  return false;
}

bool ProbeScratch::is_resident(std::size_t index) const {
  unsigned char flag = 0;
  return !failed(resident_pages(kernel_, pages(index, 1), &flag)) && (flag & 1) != 0;
}

void ProbeScratch::settle_source(std::size_t index) {
  if (!is_marked(index)) lose(index);
}

void ProbeScratch::settle_destination(std::size_t index, std::uint32_t incoming) {
  if (!is_marked(index) && !holds(page(index), incoming)) lose(index);
}

}  // namespace shunt::os
