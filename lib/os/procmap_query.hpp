// PROCMAP_QUERY (6.11): one VMA from /proc/self/maps without parsing text.
//
// Debian 12's headers are older than the call, so the request is laid out here after the kernel's documented
// ABI (Documentation/filesystems/proc.rst). Raw results as everywhere in lib/os; VmaReader decides when to
// use it.
#pragma once

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

struct Vma {
  AddressRange range{};
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
};

// The VMA that covers `address` or the next above it. 0, or -errno: ENOENT past the last VMA, ENOTTY on older
// kernels. `maps` is an open /proc/self/maps. One system call.
long query_vma(const SystemCalls&, int maps, Address address, Vma& found);

}  // namespace shunt::os
