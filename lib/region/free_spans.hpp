// Where large claims look first: an index, by size and by address, of spans of Free regions that were seen.
//
// A hint and no more. The region table alone knows what is Free: small claims eat into the spans and tell
// nobody, so a span found here is claimed region by region all the same, and that it is not found here says
// nothing. What it keeps true is its own shape: spans are disjoint, at least two regions, and neighbours are
// one. Never waits: a thread that finds it in use does without, so claims stay lock-free.
//
// Nodes are in sparse metadata, a span's at its first region (invariant 5).
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <mutex>

#include "base/result.hpp"
#include "os/metadata_memory.hpp"
#include "region/region_table.hpp"

namespace shunt {

class FreeSpans {
 public:
  static constexpr std::uint32_t shortest = 2;

  FreeSpans() = default;  // to be opened
  // Errors: the kernel's ENOMEM. 56 bytes of address space a region.
  static Result<FreeSpans> open(const os::SystemCalls&, std::uint32_t region_count);

  // Claims `count` regions of the shortest span that was seen to be long enough, the lowest of these, as
  // RegionTable::claim_at() does. None: no span would do, or the index is in use. Spans that turn out to be
  // taken are corrected on the way; gives up after a few. O(log spans + their lengths).
  RegionIndex claim(std::uint32_t count, RegionTable&);
  // [start, start + count) has become Free. Dropped if the index is in use. O(log spans).
  void note_free(RegionIndex start, std::uint32_t count);
  // A claim of `count` was served by the table's scan, so the index has missed something. Reads the whole
  // table anew once such scans have read as many words as that takes: being wrong at most doubles their cost.
  // Does nothing if the index is in use.
  void note_found_by_scan(std::uint32_t count, const RegionTable&);

  // Spans in the index; for tests and statistics. O(1), exact while nobody uses it.
  std::size_t size() const { return index_->by_address.size(); }

 private:
  using Hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;
  struct Span {  // zero: not in the index
    Hook address_hook;
    Hook size_hook;
    std::uint32_t count;
  };
  // A span's place in memory is its place in the heap.
  struct ByAddress {
    bool operator()(const Span& a, const Span& b) const { return &a < &b; }
  };
  struct BySize {
    bool operator()(const Span& a, const Span& b) const {
      return a.count != b.count ? a.count < b.count : &a < &b;
    }
  };
  // All spans of one length are alike when one of that length is looked for.
  struct ShorterThan {
    bool operator()(const Span& a, std::uint32_t count) const { return a.count < count; }
    bool operator()(std::uint32_t count, const Span& a) const { return count < a.count; }
  };
  using AddressSet =
      boost::intrusive::set<Span, boost::intrusive::member_hook<Span, Hook, &Span::address_hook>,
                            boost::intrusive::compare<ByAddress>>;
  using SizeSet =
      boost::intrusive::set<Span, boost::intrusive::member_hook<Span, Hook, &Span::size_hook>,
                            boost::intrusive::compare<BySize>, boost::intrusive::constant_time_size<false>>;
  struct Index {
    std::mutex mutex;
    AddressSet by_address;
    SizeSet by_size;
    std::uint64_t words_read = 0;  // by scans since it was last made anew
  };

  Span* long_enough(std::uint32_t count);
  void insert(std::uint32_t start, std::uint32_t count);
  void insert_free_runs(const RegionTable&, std::uint32_t start, std::uint32_t end);
  void remove(Span&);
  std::uint32_t start_of(const Span& s) const { return static_cast<std::uint32_t>(&s - spans_); }

  os::MetadataMemory index_memory_;
  os::MetadataMemory spans_memory_;
  Index* index_ = nullptr;
  Span* spans_ = nullptr;
};

}  // namespace shunt
