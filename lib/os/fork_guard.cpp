// The wiped page, the check that the kernel really marked it, and getpid where it did not.
#include "os/fork_guard.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <utility>

#include "os/memory.hpp"
#include "os/vma.hpp"

namespace shunt::os {
namespace {

constexpr std::uint64_t cookie = 1;

std::atomic_ref<std::uint64_t> cookie_in(AddressRange page) {
  return std::atomic_ref<std::uint64_t>(*pointer_to<std::uint64_t>(page.start));
}

// Marks the first of two fresh pages. The mark is a VMA flag, so where it was really taken the VMA of the
// first page ends between the two.
bool mark_first_page(const SystemCalls& kernel, AddressRange two_pages) {
  if (failed(kernel(SYS_madvise, value(two_pages.start), page_bytes, MADV_WIPEONFORK))) return false;
  Result<VmaReader> reader = VmaReader::open(kernel);
  if (!reader) return false;
  const Result<std::optional<Vma>> vma = reader.value().at_or_after(two_pages.start);
  return vma.ok() && vma.value() && vma.value()->range.contains(two_pages.start) &&
         vma.value()->range.end() == two_pages.start + page_bytes;
}

// A page that a child of fork will find zeroed, or nothing where the kernel has no such pages.
AddressRange map_wiped_page(const SystemCalls& kernel) {
  const long mapped = map_anonymous(kernel, Address::null, 2 * page_bytes, Access::ReadWrite, false);
  if (failed(mapped)) return {};
  const AddressRange pages{Address{static_cast<std::uintptr_t>(mapped)}, 2 * page_bytes};
  if (!mark_first_page(kernel, pages)) {
    unmap(kernel, pages);
    return {};
  }
  unmap(kernel, {pages.start + page_bytes, page_bytes});
  return {pages.start, page_bytes};
}

}  // namespace

Result<ForkGuard> ForkGuard::create(const SystemCalls& kernel) {
  ForkGuard guard;
  guard.kernel_ = kernel;
  guard.page_ = map_wiped_page(kernel);
  guard.adopt();
  if (guard.method() == Method::ProcessId && failed(guard.process_id_)) {
    return Error{"getpid", errno_of(guard.process_id_), "the sandbox must allow getpid or MADV_WIPEONFORK"};
  }
  return guard;
}

ForkGuard::ForkGuard(ForkGuard&& other) noexcept
    : kernel_(other.kernel_),
      page_(std::exchange(other.page_, AddressRange{})),
      process_id_(std::exchange(other.process_id_, -1)) {}

ForkGuard& ForkGuard::operator=(ForkGuard&& other) noexcept {
  std::swap(kernel_, other.kernel_);
  std::swap(page_, other.page_);
  std::swap(process_id_, other.process_id_);
  return *this;
}

ForkGuard::~ForkGuard() {
  if (page_.bytes != 0) unmap(kernel_, page_);
}

bool ForkGuard::in_creator() const {
  // relaxed: the value changes only in fork, which orders everything, or in adopt(), which has no rival
  if (method() == Method::WipedPage) return cookie_in(page_).load(std::memory_order_relaxed) == cookie;
  return process_id_ >= 0 && kernel_(SYS_getpid) == process_id_;
}

void ForkGuard::adopt() {
  if (method() == Method::WipedPage) {
    cookie_in(page_).store(cookie, std::memory_order_relaxed);
  } else {
    process_id_ = kernel_(SYS_getpid);
  }
}

}  // namespace shunt::os
