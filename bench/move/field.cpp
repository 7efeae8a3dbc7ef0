// The memory of a cell: sources laid out with gaps, destinations packed.
#include "move/field.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "os/memory.hpp"
#include "os/vma.hpp"

namespace shunt::bench {
namespace {

[[noreturn]] void give_up(const char* what, const char* detail) {
  std::fprintf(stderr, "move-bench: %s: %s\n", what, detail);
  std::abort();
}

constexpr std::size_t last_word = page_bytes - sizeof(std::uint64_t);

}  // namespace

Field::Field(const Cell& cell) : cell_(cell), outcomes_(cell.runs) { remake(); }

void Field::remake() {
  reservation_.reset();
  const auto advice = cell_.huge ? os::HugePageAdvice::Always : os::HugePageAdvice::Never;
  Result<os::Reservation> made = os::Reservation::reserve(
      os::SystemCalls::real(), {3 * cell_.live_bytes(), 0, huge_page_bytes, advice, false});
  if (!made) give_up(made.error().operation, made.error().advice);
  reservation_.emplace(made.take());
  spans_.clear();
  for (std::size_t i = 0; i < cell_.runs; ++i) {
    spans_.push_back({sources().start + 2 * i * cell_.run_bytes, destinations().start + i * cell_.run_bytes,
                      cell_.run_bytes, cell_.huge});
  }
}

void Field::prepare(std::uint64_t round, bool warm) {
  round_ = round;
  if (warm) std::memset(pointer_to(destinations().start), 0x5a, destinations().bytes);
  std::size_t page = 0;
  for (std::size_t i = 0; i < cell_.runs; ++i) {
    outcomes_[i] = {};
    for (std::size_t at = 0; at < cell_.run_bytes; at += page_bytes, ++page) {
      const Address start = spans_[i].from + at;
      std::memset(pointer_to(start), static_cast<int>(page % 250 + 1), page_bytes);
      *pointer_to<std::uint64_t>(start) = stamp_of(page);
      *pointer_to<std::uint64_t>(start + last_word) = stamp_of(page);
    }
  }
}

void Field::check() const {
  for (std::size_t page = 0; page < cell_.pages(); ++page) {
    const Address start = destinations().start + page * page_bytes;
    if (*pointer_to<const std::uint64_t>(start) != stamp_of(page) ||
        *pointer_to<const std::uint64_t>(start + last_word) != stamp_of(page)) {
      give_up("contents did not arrive in", cell_.name().c_str());
    }
  }
}

void Field::clear() { os::drop_pages(os::SystemCalls::real(), range()); }

std::size_t Field::count_vmas() const {
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  if (!reader) return 0;
  const Result<std::size_t> count = reader.value().count_in(range());
  return count ? count.value() : 0;
}

}  // namespace shunt::bench
