// Writing identities, moving the shadow along, and comparing memory with it.
#include "support/test_heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "os/page_residency.hpp"
#include "os/vma.hpp"

namespace shunt::testing {
namespace {

os::Reservation reserve_or_die(std::size_t bytes, os::HugePageAdvice huge) {
  os::ReservationRequest request;
  request.bytes = bytes;
  request.huge_pages = huge;
  Result<os::Reservation> reservation = os::Reservation::reserve(os::SystemCalls::real(), request);
  if (!reservation || !reservation.value().commit(reservation.value().range())) {
    std::fprintf(stderr, "no address space for a test\n");
    std::abort();
  }
  return reservation.take();
}

constexpr std::size_t words_a_page = page_bytes / sizeof(std::uint64_t);

std::string at_page(const char* what, std::size_t index) {
  return what + (" at page " + std::to_string(index));
}

}  // namespace

TestHeap::TestHeap(std::size_t bytes, os::HugePageAdvice huge)
    : reservation_(reserve_or_die(bytes, huge)), shadow_(reservation_.range().bytes / page_bytes) {}

MoveSpan TestHeap::span(std::size_t from_page, std::size_t to_page, std::size_t page_count) const {
  return {page(from_page), page(to_page), page_count * page_bytes};
}

std::uint64_t TestHeap::word_of(const Page& p, std::size_t index) {
  const bool sparse_here = index == 0 || index == 77 || index == words_a_page - 1;
  if (p.fill == Fill::Full || (p.fill == Fill::Sparse && sparse_here)) {
    return p.identity * 0x9E37'79B9'7F4A'7C15u + index + 1;
  }
  return 0;
}

void TestHeap::fill(std::size_t first, std::size_t count, Fill fill) {
  for (std::size_t i = first; i < first + count; ++i) {
    shadow_[i] = {next_identity_++, fill};
    auto* words = pointer_to<volatile std::uint64_t>(page(i));
    if (fill == Fill::Read) static_cast<void>(words[0]);
    if (fill == Fill::Hole || fill == Fill::Read) continue;
    for (std::size_t w = 0; w < words_a_page; ++w) {
      const std::uint64_t word = word_of(shadow_[i], w);
      if (word != 0 || fill != Fill::Sparse) words[w] = word;
    }
  }
}

void TestHeap::fill_randomly(std::size_t first, std::size_t count, Random& random) {
  for (std::size_t i = first; i < first + count;) {
    const std::size_t run = std::min<std::size_t>(1 + random() % 6, first + count - i);
    constexpr Fill kinds[] = {Fill::Full, Fill::Full,        Fill::Sparse,
                              Fill::Hole, Fill::WrittenZero, Fill::Read};
    fill(i, run, kinds[random() % std::size(kinds)]);
    i += run;
  }
}

void TestHeap::fill_with_garbage(AddressRange dead) { std::memset(pointer_to(dead.start), 0xA5, dead.bytes); }

bool TestHeap::is_hole(std::size_t first, std::size_t count) const {
  if (first + count > pages()) return false;
  return std::all_of(shadow_.begin() + static_cast<long>(first),
                     shadow_.begin() + static_cast<long>(first + count),
                     [](const Page& p) { return p.fill == Fill::Hole; });
}

void TestHeap::expect_same_as_source(const MoveSpan& span) {
  for (std::size_t at = 0; at < span.bytes; at += page_bytes) {
    shadow_[index_of(span.to + at)] = shadow_[index_of(span.from + at)];
  }
}

void TestHeap::expect_moved(const MoveSpan& span, std::size_t first_byte, std::size_t end_byte) {
  for (std::size_t at = first_byte; at < end_byte; at += page_bytes) {
    shadow_[index_of(span.to + at)] = std::exchange(shadow_[index_of(span.from + at)], Page{});
  }
}

void TestHeap::expect_moved(std::span<const MoveSpan> spans, std::span<const SpanOutcome> outcomes) {
  for (std::size_t i = 0; i < spans.size(); ++i) expect_moved(spans[i], 0, outcomes[i].bytes_moved);
}

std::string TestHeap::what_is_wrong_with_range(AddressRange part) const {
  for (Address a = part.start; a < part.end(); a += page_bytes) {
    const Page& expected = shadow_[index_of(a)];
    const auto* words = pointer_to<const std::uint64_t>(a);
    for (std::size_t w = 0; w < words_a_page; ++w) {
      if (words[w] == word_of(expected, w)) continue;
      return at_page("wrong contents", index_of(a)) + ", word " + std::to_string(w) + ": " +
             std::to_string(words[w]) + " instead of " + std::to_string(word_of(expected, w));
    }
  }
  return {};
}

std::string TestHeap::what_is_wrong_with_contents() const { return what_is_wrong_with_range(range()); }

std::string TestHeap::what_is_wrong_with_mapping() const {
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  if (!reader) return "cannot read /proc/self/maps";
  Address reached = range().start;
  while (reached < range().end()) {
    const Result<std::optional<os::Vma>> vma = reader.value().at_or_after(reached);
    if (!vma || !vma.value() || vma.value()->range.start > reached)
      return at_page("a hole", index_of(reached));
    if (!vma.value()->readable || !vma.value()->writable || vma.value()->shared) {
      return at_page("foreign protection", index_of(reached));
    }
    reached = vma.value()->range.end();
  }
  return {};
}

void TestHeap::release(AddressRange part) const {
  ::madvise(pointer_to(part.start), part.bytes, MADV_DONTNEED);
}

void TestHeap::drop_read_pages() {
  for (std::size_t i = 0; i < pages();) {
    std::size_t end = i;
    while (end < pages() && (shadow_[end].fill == Fill::Hole || shadow_[end].fill == Fill::Read)) ++end;
    if (end != i) release({page(i), (end - i) * page_bytes});
    i = end + 1;
  }
}

std::size_t TestHeap::resident_bytes(AddressRange part) const {
  const os::PageReader reader = os::PageReader::open(os::SystemCalls::real());
  const Result<std::size_t> bytes = reader.resident_bytes(part);
  return bytes ? bytes.value() : SIZE_MAX;
}

std::size_t TestHeap::vmas() const {
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  if (!reader) return SIZE_MAX;
  const Result<std::size_t> count = reader.value().count_in(range());
  return count ? count.value() : SIZE_MAX;
}

std::vector<MoveSpan> random_spans(const TestHeap& heap, Random& random, std::size_t from, std::size_t to,
                                   std::size_t count, std::size_t longest) {
  std::vector<MoveSpan> spans;
  const bool dense = random() % 2 == 0;  // neighbours keep their distance, so that movers may join them
  std::size_t source = from + random() % 3;
  std::size_t destination = to + random() % 3;
  while (source < from + count && destination < to + count) {
    std::size_t length = 1 + random() % (random() % 4 == 0 ? longest : std::min<std::size_t>(longest, 4));
    length = std::min({length, from + count - source, to + count - destination});
    if (heap.is_hole(destination, length)) {
      spans.push_back(heap.span(source, destination, length));
      source += length;
    }
    destination += length;
    const std::size_t gap = dense ? (random() % 8 == 0) : random() % 4;
    source += gap;
    destination += dense ? gap : random() % 2;
  }
  if (random() % 2 == 0) std::shuffle(spans.begin(), spans.end(), random);
  return spans;
}

bool all_moved(std::span<const MoveSpan> spans, std::span<const SpanOutcome> outcomes) {
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (outcomes[i].bytes_moved != spans[i].bytes || outcomes[i].reason != Reason::None) return false;
  }
  return true;
}

}  // namespace shunt::testing
