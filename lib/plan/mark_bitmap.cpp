// Marking and clearing of granules, word by word.
//
// All atomics here are relaxed: a mark carries no data with it. Who reads the bitmap as a whole is ordered
// behind the markers by their join or by a safepoint. Two objects never share a granule but may share a
// border word, so border words are changed by read-modify-write; a word wholly inside one object belongs to
// that object alone.
#include "plan/mark_bitmap.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace shunt {
namespace {

struct Masks {
  std::size_t first_word;
  std::size_t last_word;
  std::uint64_t in_first;
  std::uint64_t in_last;
};

Masks masks_of(std::uint64_t first, std::uint64_t end) {
  const std::uint64_t last = end - 1;
  Masks m{first / 64, last / 64, ~std::uint64_t{0} << (first % 64), ~std::uint64_t{0} >> (63 - last % 64)};
  if (m.first_word == m.last_word) m.in_first = m.in_last = m.in_first & m.in_last;
  return m;
}

void clear_bits(std::uint64_t& word, std::uint64_t mask) {
  std::atomic_ref shared(word);
  if ((shared.load(std::memory_order_relaxed) & mask) != 0)
    shared.fetch_and(~mask, std::memory_order_relaxed);
}

}  // namespace

MarkBitmap::MarkBitmap(const HeapGeometry& geometry, std::span<std::uint64_t> words)
    : geometry_(geometry), words_(words) {
  SHUNT_CHECK(words.size(), >=, words_needed(geometry));
}

bool MarkBitmap::mark(AddressRange object) {
  if (object.bytes == 0) return false;
  SHUNT_CHECK_SHALLOW(geometry_.range().contains(object), ==, true);
  const Granules all = granules_of(object);
  const Masks m = masks_of(all.first, all.end);
  const std::uint64_t before =
      std::atomic_ref(words_[m.first_word]).fetch_or(m.in_first, std::memory_order_relaxed);
  for (std::size_t w = m.first_word + 1; w < m.last_word; ++w) {
    std::atomic_ref(words_[w]).store(~std::uint64_t{0}, std::memory_order_relaxed);
  }
  if (m.last_word != m.first_word) {
    std::atomic_ref(words_[m.last_word]).fetch_or(m.in_last, std::memory_order_relaxed);
  }
  return ((before >> (all.first % 64)) & 1) == 0;
}

void MarkBitmap::clear(AddressRange range) {
  if (range.bytes == 0) return;
  SHUNT_CHECK_SHALLOW(geometry_.range().contains(range), ==, true);
  const Granules all = granules_of(range);
  const Masks m = masks_of(all.first, all.end);
  clear_bits(words_[m.first_word], m.in_first);
  for (std::size_t w = m.first_word + 1; w < m.last_word; ++w) clear_bits(words_[w], ~std::uint64_t{0});
  if (m.last_word != m.first_word) clear_bits(words_[m.last_word], m.in_last);
}

bool MarkBitmap::is_marked(Address a) const {
  const std::uint64_t granule = geometry_.granule_of(a);
  return ((std::atomic_ref(words_[granule / 64]).load(std::memory_order_relaxed) >> (granule % 64)) & 1) != 0;
}

std::size_t MarkBitmap::live_granules(AddressRange range) const {
  if (range.bytes == 0) return 0;
  const Granules all = granules_of(range);
  const Masks m = masks_of(all.first, all.end);
  std::size_t total = count_bits(words_[m.first_word] & m.in_first);
  for (std::size_t w = m.first_word + 1; w < m.last_word;) {
    const std::size_t batch = std::min<std::size_t>(m.last_word - w, 16);
    total += count_bits(&words_[w], batch);
    w += batch;
  }
  if (m.last_word != m.first_word) total += count_bits(words_[m.last_word] & m.in_last);
  return total;
}

}  // namespace shunt
