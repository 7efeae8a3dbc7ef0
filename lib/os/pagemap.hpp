// Which pages of this process hold contents, whether in memory or swapped out: /proc/self/pagemap.
//
// mincore(2) is not enough where contents are at stake: it calls a swapped-out page absent. Opened for each
// question (exceptional paths only), so a child of fork never reads its parent's. Thread-safe. Source:
// proc(5), pagemap.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// Bytes from the range's start to its first page that is present or swapped out; all of it when none is.
// O(pages); errors where /proc is not there.
Result<std::size_t> bytes_before_first_page(const SystemCalls&, AddressRange);

}  // namespace shunt::os
