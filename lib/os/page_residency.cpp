// Resident bytes and huge blocks, by PAGEMAP_SCAN where it tells the truth, else by mincore.
#include "os/page_residency.hpp"

#include <algorithm>
#include <cerrno>

#include "os/memory.hpp"
#include "os/metadata_memory.hpp"
#include "os/pagemap_scan.hpp"
#include "os/proc_file.hpp"

namespace shunt::os {
namespace {

constexpr std::size_t ranges_a_call = 64;           // 1.5 KiB of stack
constexpr std::size_t mincore_pages_a_call = 2048;  // 2 KiB of stack, 8 MiB of memory

constexpr ScanFilter holds_memory{page_is_present, page_is_zero_page};

Error scan_error(int code) { return {"PAGEMAP_SCAN", code, "open a new reader, after fork too"}; }

// Calls visit(range) for what the filter finds. A scan that does not get ahead is an error, not an endless
// loop.
template <class Visit>
Result<void> visit_pages(const SystemCalls& kernel, int pagemap, AddressRange range, ScanFilter filter,
                         Visit visit) {
  ScannedRange found[ranges_a_call];
  while (range.bytes != 0) {
    Address reached = Address::null;
    const long count = scan_pages(kernel, pagemap, range, filter, found, reached);
    if (failed(count)) return scan_error(errno_of(count));
    if (count > static_cast<long>(ranges_a_call) || reached <= range.start || reached > range.end())
      return scan_error(0);
    for (long i = 0; i < count; ++i)
      visit(AddressRange{Address{found[i].start}, found[i].end - found[i].start});
    range = {reached, range.end() - reached};
  }
  return {};
}

}  // namespace

PageReader PageReader::open_mincore(const SystemCalls& kernel) {
  PageReader reader;
  reader.kernel_ = kernel;
  return reader;
}

PageReader PageReader::open(const SystemCalls& kernel) {
  PageReader reader = open_mincore(kernel);
  Result<Descriptor> pagemap = open_for_reading(kernel, "/proc/self/pagemap");
  if (!pagemap) return reader;
  reader.pagemap_ = pagemap.take();
  if (!reader.scan_tells_the_truth()) reader.pagemap_.close();
  return reader;
}

// Of three pages the middle one is touched: exactly that one must be found.
bool PageReader::scan_tells_the_truth() const {
  Result<MetadataMemory> pages = MetadataMemory::map(kernel_, 3 * page_bytes);
  if (!pages) return false;
  const AddressRange range = pages.value().range();
  // Small pages, so that the neighbours stay absent; where this is refused there are no others.
  advise_huge_pages(kernel_, range, false);
  *pointer_to<volatile char>(range.start + page_bytes) = 1;
  std::size_t right = 0;
  std::size_t wrong = 0;
  const AddressRange touched{range.start + page_bytes, page_bytes};
  const Result<void> visited = visit_pages(kernel_, pagemap_.number(), range, holds_memory,
                                           [&](AddressRange found) { ++(found == touched ? right : wrong); });
  return visited.ok() && right == 1 && wrong == 0;
}

Result<std::size_t> PageReader::resident_bytes(AddressRange range) const {
  SHUNT_CHECK(is_aligned(range.start, page_bytes) && is_aligned(range.bytes, page_bytes), ==, true);
  return method() == Method::Scan ? resident_by_scan(range) : resident_by_mincore(range);
}

Result<std::size_t> PageReader::resident_by_scan(AddressRange range) const {
  std::size_t bytes = 0;
  const Result<void> visited = visit_pages(kernel_, pagemap_.number(), range, holds_memory,
                                           [&](AddressRange found) { bytes += found.bytes; });
  if (!visited) return visited.error();
  return bytes;
}

Result<std::size_t> PageReader::resident_by_mincore(AddressRange range) const {
  unsigned char flags[mincore_pages_a_call];
  std::size_t pages = 0;
  while (range.bytes != 0) {
    const AddressRange part{range.start, std::min(range.bytes, sizeof flags * page_bytes)};
    const long answer = resident_pages(kernel_, part, flags);
    if (failed(answer)) return Error{"mincore", errno_of(answer), "the whole range must be mapped"};
    pages += static_cast<std::size_t>(
        std::count_if(flags, flags + part.bytes / page_bytes, [](unsigned char f) { return (f & 1) != 0; }));
    range = {part.end(), range.bytes - part.bytes};
  }
  return pages * page_bytes;
}

Result<PageReader::HugeBlocks> PageReader::huge_blocks(AddressRange range,
                                                       std::span<std::uint64_t> bits) const {
  SHUNT_CHECK(is_aligned(range.start, huge_page_bytes) && is_aligned(range.bytes, huge_page_bytes), ==, true);
  SHUNT_CHECK(bits.size() * 64, >=, range.bytes / huge_page_bytes);
  std::fill(bits.begin(), bits.end(), 0);
  HugeBlocks blocks;
  if (method() != Method::Scan) return blocks;
  const ScanFilter huge{page_is_present | page_is_huge, 0};
  const Result<void> visited = visit_pages(kernel_, pagemap_.number(), range, huge, [&](AddressRange found) {
    const std::size_t first = align_up(found.start - range.start, huge_page_bytes) / huge_page_bytes;
    const std::size_t last = (found.end() - range.start) / huge_page_bytes;
    for (std::size_t i = first; i < last; ++i, ++blocks.count) bits[i / 64] |= std::uint64_t{1} << i % 64;
  });
  if (!visited) return visited.error();
  blocks.known = true;
  return blocks;
}

Result<std::size_t> resident_set_bytes(const SystemCalls& kernel) {
  Result<Descriptor> file = open_for_reading(kernel, "/proc/self/statm");
  if (!file) return file.error();
  char buffer[128];
  const Result<std::size_t> length = read_to_end(kernel, file.value().number(), buffer);
  if (!length) return length.error();
  std::string_view text(buffer, length.value());
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!take_number(text, total) || !take_number(text, resident)) {
    return Error{"/proc/self/statm", 0, "the file should hold two numbers"};
  }
  return std::size_t{resident} * page_bytes;
}

}  // namespace shunt::os
