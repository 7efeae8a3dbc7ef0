// Do huge pages come by fault, and can they be made again out of small ones?
//
// Seen with PAGEMAP_SCAN where that works. Else by mincore: a fault or a collapse that makes all 512 pages of
// the block present at once has brought a 2 MiB page, because nothing smaller spans it.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "os/memory.hpp"
#include "os/probes.hpp"
#include "os/reservation.hpp"

namespace shunt::os {
namespace {

Result<Reservation> map_block(const ProbeContext& context, HugePageAdvice advice, ReservationReport& report) {
  ReservationRequest request;
  request.bytes = huge_page_bytes;
  request.huge_pages = advice;
  Result<Reservation> block = Reservation::reserve(context.kernel, request, &report);
  if (block.ok() && !block.value().commit(block.value().range())) return Error{"mprotect", ENOMEM, ""};
  return block;
}

bool is_huge(const ProbeContext& context, AddressRange block) {
  std::uint64_t bits = 0;
  const Result<PageReader::HugeBlocks> seen = context.pages->huge_blocks(block, {&bits, 1});
  if (seen.ok() && seen.value().known) return bits == 1;
  const Result<std::size_t> resident = context.pages->resident_bytes(block);
  return resident.ok() && resident.value() == huge_page_bytes;
}

}  // namespace

CapabilityOutcome probe_huge_pages(const ProbeContext& context) {
  ReservationReport report;
  Result<Reservation> block = map_block(context, HugePageAdvice::Always, report);
  if (!block) return no_scratch(block.error());
  if (report.advice_code != 0) return refused(report.advice_code, "MADV_HUGEPAGE is refused");
  *pointer_to<volatile char>(block.value().range().start) = 1;
  if (is_huge(context, block.value().range())) return works("one write brought a 2 MiB page");
  return refused(0, "the advice is accepted and small pages come: huge pages are off, or none is free");
}

// The block is one page short of full, so it cannot be huge when the advice is given, however it was faulted.
CapabilityOutcome probe_collapse(const ProbeContext& context) {
#ifdef MADV_COLLAPSE
  constexpr int collapse = MADV_COLLAPSE;
#else
  constexpr int collapse = 25;
#endif
  ReservationReport report;
  Result<Reservation> mapped = map_block(context, HugePageAdvice::Default, report);
  if (!mapped) return no_scratch(mapped.error());
  const AddressRange block = mapped.value().range();
  auto* const word = pointer_to<volatile std::uint32_t>(block.start);
  *word = 0x5EED;
  drop_pages(context.kernel, {block.end() - page_bytes, page_bytes});
  if (is_huge(context, block)) return misbehaves("the block counts as huge before it is made so");
  const long answer = context.kernel(SYS_madvise, value(block.start), block.bytes, collapse);
  if (failed(answer)) return refused(errno_of(answer), "the advice is refused");
  if (*word != 0x5EED) return misbehaves("the contents changed");
  return is_huge(context, block) ? works("small pages became one 2 MiB page")
                                 : misbehaves("accepted, and the pages stayed small");
}

}  // namespace shunt::os
