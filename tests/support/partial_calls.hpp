// Calls that do a part of their work and then fail, or all of it, as the kernel's sources say they would.
//
// Each is a FaultyKernel::Act: what it claims to have done it has really done, through the running kernel.
// Where there is nothing to do in part (one page, one VMA) nothing is done. Goes with simulated_kernel.hpp,
// which has the partial UFFDIO_MOVE. Not thread-safe.
#pragma once

#include "support/simulated_kernel.hpp"

namespace shunt::testing {

// mremap over several VMAs that moves the first half of them, whole, and then says `code`: all that Linux
// 6.17 tells when a later VMA is refused. `unmaps_rest`: the next VMA's destination was unmapped before it
// failed. A call over one VMA moves nothing.
FaultyKernel::Act remap_of_some_vmas(int code, bool unmaps_rest);
// mremap that unmaps its destination and then fails with nothing moved: Linux before 6.17, where the limit
// of VMAs and borders are looked at after the unmapping.
FaultyKernel::Act remap_that_unmaps(int code);
// madvise that acts on the first half of its pages, then fails.
FaultyKernel::Act half_advice(int code);
// Does what was asked and says `code` all the same: close with EINTR, MADV_POPULATE_WRITE with ENOMEM at the
// last page.
FaultyKernel::Act done_but_fails(int code);
// read, pread: half of what was asked, in whole 8 bytes, which is a success.
FaultyKernel::Act short_read();
// process_madvise over the first half of its ranges, and their bytes as the answer.
FaultyKernel::Act short_process_advice();

}  // namespace shunt::testing
