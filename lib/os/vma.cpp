// Opening a reader, choosing query or text by trying, and walking VMAs either way.
#include "os/vma.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "os/maps_text.hpp"
#include "os/proc_file.hpp"

namespace shunt::os {
namespace {

constexpr std::size_t text_buffer_bytes = 64 * 1024;

// The upper half belongs to the kernel: [vsyscall] is listed there and is no VMA of the process.
bool belongs_to_kernel(const Vma& vma) { return (value(vma.range.start) >> 63) != 0; }

}  // namespace

Result<VmaReader> VmaReader::open(const SystemCalls& kernel) { return open_with(kernel, Method::Query); }

Result<VmaReader> VmaReader::open_text(const SystemCalls& kernel) { return open_with(kernel, Method::Text); }

Result<VmaReader> VmaReader::open_with(const SystemCalls& kernel, Method wanted) {
  Result<Descriptor> maps = open_for_reading(kernel, "/proc/self/maps");
  if (!maps) return maps.error();
  Result<MetadataMemory> buffer = MetadataMemory::map(kernel, text_buffer_bytes);
  if (!buffer) return buffer.error();
  VmaReader reader;
  reader.kernel_ = kernel;
  reader.maps_ = maps.take();
  reader.buffer_ = buffer.take();
  if (wanted == Method::Query && reader.query_tells_the_truth()) reader.method_ = Method::Query;
  return reader;
}

// The buffer is a mapping that is known to be there and to be writable; its VMA may be larger, where it
// merged.
bool VmaReader::query_tells_the_truth() {
  Vma vma;
  if (failed(query_vma(kernel_, maps_.number(), buffer_.range().start, vma))) return false;
  return vma.range.contains(buffer_.range()) && vma.readable && vma.writable && !vma.shared;
}

template <class Visit>
Result<void> VmaReader::visit_queries(Address first, Visit visit) {
  while (true) {
    Vma vma;
    const long answer = query_vma(kernel_, maps_.number(), first, vma);
    if (errno_of(answer) == ENOENT) return {};
    if (failed(answer)) return Error{"PROCMAP_QUERY", errno_of(answer), "open a new reader, after fork too"};
    if (belongs_to_kernel(vma) || vma.range.end() <= first || !visit(vma)) return {};
    first = vma.range.end();
  }
}

// The kernel hands out whole lines, some 4 KiB at a time; the rest of a line that did not fit is carried
// over.
template <class Visit>
Result<void> VmaReader::visit_lines(Address first, Visit visit) {
  const long rewound = kernel_(SYS_lseek, maps_.number(), 0, SEEK_SET);
  if (failed(rewound)) return Error{"rewinding /proc/self/maps", errno_of(rewound), "open a new reader"};
  const std::span<char> buffer = buffer_.as_array<char>();
  std::size_t held = 0;
  while (true) {
    const long answer = kernel_(SYS_read, maps_.number(), buffer.data() + held, buffer.size() - held);
    if (failed(answer)) return Error{"reading /proc/self/maps", errno_of(answer), "is /proc readable here?"};
    if (answer == 0) return {};
    held += static_cast<std::size_t>(answer);
    std::string_view text(buffer.data(), held);
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
      const std::optional<Vma> vma = parse_maps_line(text.substr(0, end));
      if (!vma) return Error{"parsing /proc/self/maps", 0, "a line does not start with an address range"};
      if (belongs_to_kernel(*vma)) return {};
      if (vma->range.end() > first && !visit(*vma)) return {};
    }
    held = text.size();
    std::memmove(buffer.data(), text.data(), held);
  }
}

template <class Visit>
Result<void> VmaReader::visit_from(Address first, Visit visit) {
  return method_ == Method::Query ? visit_queries(first, visit) : visit_lines(first, visit);
}

Result<std::optional<Vma>> VmaReader::at_or_after(Address address) {
  std::optional<Vma> found;
  const Result<void> visited = visit_from(address, [&](const Vma& vma) {
    found = vma;
    return false;
  });
  if (!visited) return visited.error();
  return found;
}

Result<std::size_t> VmaReader::count() {
  std::size_t vmas = 0;
  // Text on every kernel: one read brings some 50 lines, and beat one query a VMA by 1.5 to 1.8 times from
  // 100 VMAs up.
  const Result<void> visited = visit_lines(Address::null, [&](const Vma&) { return ++vmas != 0; });
  if (!visited) return visited.error();
  return vmas;
}

Result<std::size_t> VmaReader::count_in(AddressRange range) {
  std::size_t vmas = 0;
  const Result<void> visited = visit_from(range.start, [&](const Vma& vma) {
    if (vma.range.start >= range.end()) return false;
    return ++vmas != 0;
  });
  if (!visited) return visited.error();
  return vmas;
}

Result<std::size_t> count_vmas(const SystemCalls& kernel) {
  Result<VmaReader> reader = VmaReader::open(kernel);
  if (!reader) return reader.error();
  return reader.value().count();
}

Result<std::size_t> vma_limit(const SystemCalls& kernel) {
  const Result<std::uint64_t> limit = read_number(kernel, "/proc/sys/vm/max_map_count");
  if (!limit) return limit.error();
  return std::size_t{limit.value()};
}

Result<Overcommit> overcommit_mode(const SystemCalls& kernel) {
  const Result<std::uint64_t> mode = read_number(kernel, "/proc/sys/vm/overcommit_memory");
  if (!mode) return mode.error();
  if (mode.value() > 2) return Error{"reading vm.overcommit_memory", 0, "the kernel names a mode above 2"};
  return static_cast<Overcommit>(mode.value());
}

}  // namespace shunt::os
