// MADV_DONTNEED over many ranges in one call: process_madvise(2) on oneself.
//
// One page at a time, giving memory back costs a system call, a TLB flush and, with threads running, an
// interrupt to each of their CPUs; in one call the kernel does the flushing together (6.16). Before 6.13 it
// refuses this advice through process_madvise: what a caller does then is to drop range by range.
// Thread-safe. The descriptor for oneself is opened for each call, so a child of fork never names its parent.
#pragma once

#include <cstddef>
#include <span>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// The most ranges that one call takes (UIO_MAXIOV).
inline constexpr std::size_t most_ranges_a_drop = 1024;

// Bytes dropped, counted from the first range on: fewer than all when a range was refused (mlocked: EINVAL),
// and then the ranges before it are dropped and those after it are not. -errno when nothing was dropped.
// O(pages).
long drop_pages_of_many(const SystemCalls&, std::span<const AddressRange>);

}  // namespace shunt::os
