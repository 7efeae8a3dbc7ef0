// Address space for a heap: tens of GiB to 16 TiB of private anonymous memory that costs nothing until
// touched.
//
// Keeps true: the range is aligned as asked, one VMA when it is made, all of it this object's until it is
// destroyed (invariant 4), and every advice holds for the whole of it, because advice on a part splits the
// VMA. Where vm.overcommit_memory is 2 the kernel ignores MAP_NORESERVE and would count every writable byte
// as used. There the range is reserved inaccessible and needs_commit() is true: call commit() before touching
// a part. Committing from the start upwards keeps the reservation at two VMAs; scattered commits cost two
// VMAs each, and page movers need source and destination both committed. Does not count physical memory, and
// does not register with userfaultfd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

enum class HugePageAdvice : std::uint8_t {
  Default,  // as the system is set (/sys/kernel/mm/transparent_hugepage/enabled)
  Always,   // MADV_HUGEPAGE
  Never,    // MADV_NOHUGEPAGE; merges with nothing else afterwards, there is no way back to Default
};

struct ReservationRequest {
  std::size_t bytes = 0;                    // rounded up to `alignment`
  std::size_t minimum_bytes = 0;            // 0: exactly `bytes` or nothing; else halve down to this
  std::size_t alignment = huge_page_bytes;  // a power of two from 4 KiB up
  HugePageAdvice huge_pages = HugePageAdvice::Default;
  bool exclude_from_core_dump = false;  // MADV_DONTDUMP over the whole range
};

// What happened, also when it failed; an Error holds only static text, the figures are here.
struct ReservationReport {
  std::size_t asked_bytes = 0;
  std::size_t got_bytes = 0;
  std::size_t smallest_tried_bytes = 0;
  unsigned attempts = 0;
  int code = 0;         // errno of the last refused attempt, 0 if none was refused
  int advice_code = 0;  // errno of a refused advice: never fatal, it only changes speed (invariant 6)
};

class Reservation {
 public:
  // Errors: EINVAL-like misuse with code 0 and advice; else the kernel's errno (nearly always ENOMEM) for the
  // smallest size tried, with advice that names RLIMIT_AS or overcommit mode 2 where one of them is the
  // cause. `report` may be null. At most 48 attempts, each a few microseconds. Thread-safe.
  static Result<Reservation> reserve(const SystemCalls&, const ReservationRequest&,
                                     ReservationReport* report = nullptr);

  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  AddressRange range() const { return range_; }
  std::size_t asked_bytes() const { return asked_bytes_; }
  bool needs_commit() const { return needs_commit_; }

  // Makes a page-aligned part of the range readable and writable; nothing to do unless needs_commit().
  // Errors: ENOMEM at the commit limit or the VMA limit. Safe from several threads on disjoint parts.
  Result<void> commit(AddressRange part);

 private:
  // errno of the last advice that was refused, or 0.
  int advise(const ReservationRequest&);

  SystemCalls kernel_{};
  AddressRange range_{};
  std::size_t asked_bytes_ = 0;
  bool needs_commit_ = false;
};

// One line for people about a failed reserve(): "asked for 16 TiB, smallest tried 1 GiB: ENOMEM in mmap...;
// advice". Writes at most text.size() bytes with a closing 0 and returns the length without it. Exact units,
// no locale.
std::size_t describe_failure(const Error&, const ReservationReport&, std::span<char> text);

}  // namespace shunt::os
