// Typed forms of the memory system calls that Shunt uses. One line each: what is asked, what comes back.
//
// Every function goes through the SystemCalls that it is given and returns the raw result (see
// system_calls.hpp); what an errno means is decided by the mover that got it. Thread-safe; two calls on
// overlapping ranges race as the kernel says.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// mmap(2), private anonymous, MAP_NORESERVE. `fixed` replaces what is mapped in the range, so it is only for
// ranges that the caller reserved (invariant 4).
enum class Access { None, ReadWrite };
long map_anonymous(const SystemCalls&, Address hint, std::size_t bytes, Access, bool fixed);
// mmap(2) of a hole in an own reservation, never over what is mapped: MAP_FIXED_NOREPLACE, 4.17.
long map_hole(const SystemCalls&, AddressRange);
long unmap(const SystemCalls&, AddressRange);
long protect(const SystemCalls&, AddressRange, Access);

// madvise(2).
long drop_pages(const SystemCalls&, AddressRange);         // MADV_DONTNEED: the range then reads as zeros
long drop_locked_pages(const SystemCalls&, AddressRange);  // MADV_DONTNEED_LOCKED, 5.18: also where mlocked
long populate_for_write(const SystemCalls&,
                        AddressRange);  // MADV_POPULATE_WRITE, 5.14: also un-shares after fork
long advise_huge_pages(const SystemCalls&, AddressRange, bool wanted);  // MADV_HUGEPAGE / MADV_NOHUGEPAGE
long exclude_from_core_dump(const SystemCalls&, AddressRange);          // MADV_DONTDUMP

// mremap(2) with MAYMOVE | FIXED and equal lengths. `flags` adds DONTUNMAP or the flags of the relocate-anon
// RFC.
inline constexpr unsigned remap_keep_source = 4;         // MREMAP_DONTUNMAP, 5.7
inline constexpr unsigned remap_relocate_anonymous = 8;  // RFC "more mergeable mremap": in no release yet
inline constexpr unsigned remap_must_relocate_anonymous = 16;  // RFC: fail rather than fall back
long remap(const SystemCalls&, Address from, Address to, std::size_t bytes, unsigned flags);

// mincore(2) answers for private anonymous memory by page-table entries: one byte a page, bit 0 set if
// present.
long resident_pages(const SystemCalls&, AddressRange, unsigned char* one_byte_a_page);

long close_descriptor(const SystemCalls&, int descriptor);

// Lets another thread go first; for the retries of calls that answer "not now".
void yield_processor(const SystemCalls&);

}  // namespace shunt::os
