// Reserving by halves, trimming to the alignment, and saying in one line why it failed.
#include "os/reservation.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "os/memory.hpp"
#include "os/vma.hpp"

namespace shunt::os {
namespace {

// Maps `bytes` at a multiple of `alignment`: asks for enough to contain one and gives the two ends back.
long map_aligned(const SystemCalls& kernel, std::size_t bytes, std::size_t alignment, Access access) {
  const std::size_t extended = bytes + (alignment - page_bytes);
  if (extended < bytes) return -ENOMEM;
  const long mapped = map_anonymous(kernel, Address::null, extended, access, false);
  if (failed(mapped)) return mapped;
  const Address start{static_cast<std::uintptr_t>(mapped)};
  const Address aligned = align_up(start, alignment);
  const std::size_t tail = (start + extended) - (aligned + bytes);
  if (aligned != start) unmap(kernel, {start, aligned - start});
  if (tail != 0) unmap(kernel, {aligned + bytes, tail});
  return static_cast<long>(value(aligned));
}

bool address_space_is_limited(const SystemCalls& kernel) {
  rlimit64 limit{};
  const long answer = kernel(SYS_prlimit64, 0, RLIMIT_AS, static_cast<rlimit64*>(nullptr), &limit);
  return !failed(answer) && limit.rlim_cur != RLIM64_INFINITY;
}

const char* advice_for(const SystemCalls& kernel, bool overcommit_never) {
  if (address_space_is_limited(kernel))
    return "RLIMIT_AS (ulimit -v) is set: raise it, or accept a smaller minimum";
  if (overcommit_never) return "vm.overcommit_memory is 2: set it to 0 or 1, or accept a smaller minimum";
  return "accept a smaller minimum, or raise vm.max_map_count if the process is at its VMA limit";
}

const char* what_is_wrong_with(const ReservationRequest& request) {
  if (request.bytes == 0) return "ask for at least one byte";
  if (!std::has_single_bit(request.alignment) || request.alignment < page_bytes)
    return "align to a power of two from 4 KiB up";
  if (request.minimum_bytes > request.bytes) return "the minimum must not be above what is asked";
  if (align_up(request.bytes, request.alignment) < request.bytes) return "ask for less than 2^64 bytes";
  return nullptr;
}

struct Attempt {
  long answer = 0;
  std::size_t bytes = 0;
};

// By halves from `bytes` down to `minimum`, which is tried last.
Attempt map_by_halves(const SystemCalls& kernel, std::size_t bytes, std::size_t minimum,
                      std::size_t alignment, Access access, ReservationReport& report) {
  while (true) {
    const long answer = map_aligned(kernel, bytes, alignment, access);
    ++report.attempts;
    report.smallest_tried_bytes = bytes;
    if (!failed(answer)) return {answer, bytes};
    report.code = errno_of(answer);
    // EAGAIN: RLIMIT_MEMLOCK under mlockall(MCL_FUTURE). Any other refusal does not depend on the size.
    const bool smaller_may_do = report.code == ENOMEM || report.code == EAGAIN;
    if (!smaller_may_do || bytes <= minimum) return {answer, 0};
    const std::size_t half = align_up(bytes / 2, alignment);
    bytes = half < bytes && half > minimum ? half : minimum;
  }
}

}  // namespace

Result<Reservation> Reservation::reserve(const SystemCalls& kernel, const ReservationRequest& request,
                                         ReservationReport* report) {
  ReservationReport unseen;
  ReservationReport& seen = report != nullptr ? *report : unseen;
  seen = {};
  seen.asked_bytes = request.bytes;
  if (const char* advice = what_is_wrong_with(request)) return Error{"reserving address space", 0, advice};

  const std::size_t wanted = align_up(request.bytes, request.alignment);
  const std::size_t minimum =
      request.minimum_bytes == 0 ? wanted : align_up(request.minimum_bytes, request.alignment);
  const Result<Overcommit> mode = overcommit_mode(kernel);
  const bool never = mode.ok() && mode.value() == Overcommit::Never;
  const Access access = never ? Access::None : Access::ReadWrite;
  const Attempt got = map_by_halves(kernel, wanted, minimum, request.alignment, access, seen);
  if (failed(got.answer))
    return Error{"mmap of the reservation", errno_of(got.answer), advice_for(kernel, never)};

  Reservation reservation;
  reservation.kernel_ = kernel;
  reservation.range_ = {Address{static_cast<std::uintptr_t>(got.answer)}, got.bytes};
  reservation.asked_bytes_ = request.bytes;
  reservation.needs_commit_ = never;
  seen.got_bytes = got.bytes;
  seen.advice_code = reservation.advise(request);
  return reservation;
}

int Reservation::advise(const ReservationRequest& request) {
  long answer = 0;
  if (request.huge_pages != HugePageAdvice::Default) {
    answer = advise_huge_pages(kernel_, range_, request.huge_pages == HugePageAdvice::Always);
  }
  if (request.exclude_from_core_dump) {
    const long excluded = exclude_from_core_dump(kernel_, range_);
    if (failed(excluded)) answer = excluded;
  }
  return errno_of(answer);
}

Reservation::Reservation(Reservation&& other) noexcept
    : kernel_(other.kernel_),
      range_(std::exchange(other.range_, AddressRange{})),
      asked_bytes_(other.asked_bytes_),
      needs_commit_(other.needs_commit_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(kernel_, other.kernel_);
  std::swap(range_, other.range_);
  std::swap(asked_bytes_, other.asked_bytes_);
  std::swap(needs_commit_, other.needs_commit_);
  return *this;
}

Reservation::~Reservation() {
  if (range_.bytes != 0) unmap(kernel_, range_);
}

Result<void> Reservation::commit(AddressRange part) {
  SHUNT_CHECK(range_.contains(part), ==, true);
  SHUNT_CHECK(is_aligned(part.start, page_bytes) && is_aligned(part.bytes, page_bytes), ==, true);
  if (!needs_commit_ || part.bytes == 0) return {};
  const long answer = protect(kernel_, part, Access::ReadWrite);
  if (!failed(answer)) return {};
  return Error{
      "mprotect to commit", errno_of(answer),
      "under vm.overcommit_memory 2 the commit limit counts every committed byte: raise vm.overcommit_ratio"};
}

namespace {

struct Quantity {
  std::size_t number;
  const char* unit;
};

// The largest unit that divides it, so that the figure is exact.
Quantity in_units(std::size_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t i = 0;
  for (; i < 4 && bytes != 0 && bytes % 1024 == 0; ++i) bytes /= 1024;
  return {bytes, units[i]};
}

}  // namespace

std::size_t describe_failure(const Error& error, const ReservationReport& report, std::span<char> text) {
  if (text.empty()) return 0;
  const Quantity asked = in_units(report.asked_bytes);
  const Quantity tried = in_units(report.smallest_tried_bytes);
  const char* code = error.code == 0 ? "not tried" : errno_name(error.code);
  const int length = std::snprintf(
      text.data(), text.size(), "%s: asked for %zu %s, smallest of %u tries %zu %s: %s; %s", error.operation,
      asked.number, asked.unit, report.attempts, tried.number, tried.unit, code, error.advice);
  if (length < 0) return 0;
  const auto wanted = static_cast<std::size_t>(length);
  return wanted < text.size() ? wanted : text.size() - 1;
}

}  // namespace shunt::os
