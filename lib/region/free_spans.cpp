// The two sets, and claims that correct them when the table says otherwise.
#include "region/free_spans.hpp"

#include <algorithm>
#include <iterator>
#include <new>

namespace shunt {
namespace {

// After so many spans that were not what the index said, a scan of the table costs less.
constexpr int wrong_spans_tolerated = 8;

}  // namespace

Result<FreeSpans> FreeSpans::open(const os::SystemCalls& kernel, std::uint32_t region_count) {
  auto index = os::MetadataMemory::map(kernel, sizeof(Index));
  if (!index) return index.error();
  auto nodes = os::MetadataMemory::map(kernel, std::size_t{region_count} * sizeof(Span));
  if (!nodes) return nodes.error();
  FreeSpans spans;
  spans.index_memory_ = index.take();
  spans.spans_memory_ = nodes.take();
  // Never destroyed: it goes with its memory, and owns nothing.
  spans.index_ = new (spans.index_memory_.bytes().data()) Index;
  spans.spans_ = spans.spans_memory_.as_array<Span>().data();
  return Result<FreeSpans>(std::move(spans));
}

RegionIndex FreeSpans::claim(std::uint32_t count, RegionTable& table) {
  const std::unique_lock lock(index_->mutex, std::try_to_lock);
  if (!lock || count < shortest) return RegionIndex::none;
  for (int wrong = 0; wrong < wrong_spans_tolerated; ++wrong) {
    Span* const span = long_enough(count);
    if (span == nullptr) return RegionIndex::none;
    const std::uint32_t start = start_of(*span), length = span->count;
    remove(*span);
    if (table.claim_at(RegionIndex{start}, count)) {
      insert(start + count, length - count);
      return RegionIndex{start};
    }
    insert_free_runs(table, start, start + length);
  }
  return RegionIndex::none;
}

void FreeSpans::note_free(RegionIndex start, std::uint32_t count) {
  const std::unique_lock lock(index_->mutex, std::try_to_lock);
  if (lock) insert(value(start), count);
}

void FreeSpans::note_found_by_scan(std::uint32_t count, const RegionTable& table) {
  const std::unique_lock lock(index_->mutex, std::try_to_lock);
  if (!lock || count < shortest) return;
  const std::uint32_t used = table.high_water();
  index_->words_read += used / count;
  if (index_->words_read < used) return;
  index_->words_read = 0;
  index_->by_address.clear();
  index_->by_size.clear();
  insert_free_runs(table, 0, table.size());
}

FreeSpans::Span* FreeSpans::long_enough(std::uint32_t count) {
  const auto found = index_->by_size.lower_bound(count, ShorterThan{});
  return found == index_->by_size.end() ? nullptr : &*found;
}

// Joins [start, start + count) with the spans that it touches. What it overlaps is older, and goes.
void FreeSpans::insert(std::uint32_t start, std::uint32_t count) {
  if (count == 0) return;
  std::uint32_t end = start + count;
  auto next = index_->by_address.upper_bound(spans_[start]);
  if (next != index_->by_address.begin()) {
    auto before = std::prev(next);
    if (start_of(*before) + before->count >= start) next = before;
  }
  while (next != index_->by_address.end() && start_of(*next) <= end) {
    Span& touched = *next++;
    start = std::min(start, start_of(touched));
    end = std::max(end, start_of(touched) + touched.count);
    remove(touched);
  }
  if (end - start < shortest) return;
  Span& span = spans_[start];
  span.count = end - start;
  index_->by_address.insert(span);
  index_->by_size.insert(span);
}

void FreeSpans::insert_free_runs(const RegionTable& table, std::uint32_t start, std::uint32_t end) {
  // Nothing above the high-water mark was ever claimed: it is Free without being read.
  const std::uint32_t used_end = std::clamp(table.high_water(), start, end);
  std::uint32_t run = 0;
  for (std::uint32_t i = start; i < used_end; ++i) {
    if (table.word(RegionIndex{i}).is(RegionState::Free)) {
      ++run;
    } else {
      if (run >= shortest) insert(i - run, run);
      run = 0;
    }
  }
  run += end - used_end;
  if (run >= shortest) insert(end - run, run);
}

void FreeSpans::remove(Span& span) {
  index_->by_address.erase(index_->by_address.iterator_to(span));
  index_->by_size.erase(index_->by_size.iterator_to(span));
}

}  // namespace shunt
