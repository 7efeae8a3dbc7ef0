// Can the kernel tell where pages and VMAs are? Each answer is compared with a layout that the probe made.
#include <cerrno>

#include "os/memory.hpp"
#include "os/pagemap_scan.hpp"
#include "os/probe_scratch.hpp"
#include "os/probes.hpp"
#include "os/proc_file.hpp"
#include "os/procmap_query.hpp"

namespace shunt::os {

// mincore takes only multiples of the page size as an address, and changes nothing.
CapabilityOutcome probe_small_pages(const ProbeContext& context) {
  Result<ProbeScratch> scratch = ProbeScratch::map(context.kernel, 2);
  if (!scratch) return no_scratch(scratch.error());
  unsigned char flag = 0;
  const long whole = resident_pages(context.kernel, scratch.value().pages(0, 1), &flag);
  if (failed(whole)) return refused(errno_of(whole), "mincore is refused, the page size cannot be seen");
  const long second = resident_pages(context.kernel, scratch.value().pages(1, 1), &flag);
  if (failed(second)) return misbehaves("an address 4 KiB on is no page border: base pages are larger");
  return works("base pages are 4 KiB");
}

CapabilityOutcome probe_vma_query(const ProbeContext& context) {
  Result<ProbeScratch> scratch = ProbeScratch::map(context.kernel, 4);
  if (!scratch) return no_scratch(scratch.error());
  if (!scratch.value().open(1, 2)) return refused(0, "mprotect is refused");
  Result<Descriptor> maps = open_for_reading(context.kernel, "/proc/self/maps");
  if (!maps) return refused(maps.error().code, "/proc/self/maps cannot be opened");
  Vma vma;
  const long answer = query_vma(context.kernel, maps.value().number(), scratch.value().page(2), vma);
  if (failed(answer)) return refused(errno_of(answer), "the query is refused");
  const bool right =
      vma.range == scratch.value().pages(1, 2) && vma.readable && vma.writable && !vma.executable;
  return right ? works("found a two-page VMA between guards")
               : misbehaves("answered with a VMA that is not there");
}

CapabilityOutcome probe_page_scan(const ProbeContext& context) {
  Result<ProbeScratch> scratch = ProbeScratch::map(context.kernel, 3);
  if (!scratch) return no_scratch(scratch.error());
  if (!scratch.value().open(0, 3)) return refused(0, "mprotect is refused");
  Result<Descriptor> pagemap = open_for_reading(context.kernel, "/proc/self/pagemap");
  if (!pagemap) return refused(pagemap.error().code, "/proc/self/pagemap cannot be opened");
  scratch.value().mark(1);
  ScannedRange found[4] = {};
  Address reached = Address::null;
  const long count =
      scan_pages(context.kernel, pagemap.value().number(), scratch.value().pages(0, 3), {}, found, reached);
  if (failed(count)) return refused(errno_of(count), "the scan is refused");
  const AddressRange touched = scratch.value().pages(1, 1);
  const bool right =
      count == 1 && found[0].start == value(touched.start) && found[0].end == value(touched.end());
  return right ? works("found the one present page of three")
               : misbehaves("the present page was not what it found");
}

}  // namespace shunt::os
