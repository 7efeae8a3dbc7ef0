// Runs of free regions in a Boost.Intrusive set ordered by size, then address, behind a mutex: best fit, as
// allocators keep their extents.
//
// A claim takes the smallest run that is big enough, the lowest of those, and gives the rest back; a release
// joins its neighbours, found through the first and the last region of each run (boundary tags). Both
// O(log runs) and independent of how many regions are claimed, because no word is kept for each region:
// nobody can look up what a region is. `Words::Written` adds that: one store a region, as a look-up would
// need.
#pragma once

#include <atomic>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

namespace shunt::baselines {

class LockedSpans {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;
  enum class Words : bool { None, Written };

  // No region is free yet.
  LockedSpans(std::uint32_t regions, Words words)
      : nodes_(regions), words_(words == Words::Written ? regions : 0) {}
  LockedSpans(const LockedSpans&) = delete;
  LockedSpans& operator=(const LockedSpans&) = delete;
  ~LockedSpans() { by_size_.clear(); }

  // The first of `count` contiguous free regions, or none.
  std::uint32_t claim(std::uint32_t count) {
    const std::uint32_t start = take(count);
    if (start != none) write_words(start, count, 1);  // nobody else knows them yet
    return start;
  }
  void release(std::uint32_t start, std::uint32_t count) {
    write_words(start, count, 0);
    const std::lock_guard lock(mutex_);
    if (start > 0 && nodes_[start - 1].is_end_of_free()) {
      const std::uint32_t before = nodes_[start - 1].first;
      count += remove(before);
      start = before;
    }
    const std::uint32_t behind = start + count;
    if (behind < nodes_.size() && nodes_[behind].count != 0) count += remove(behind);
    insert(start, count);
  }

 private:
  using Hook = boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>,
                                               boost::intrusive::optimize_size<true>>;
  // One a region. `count` is of a free run's first region, `first` of its last; else 0 and none.
  struct Node : Hook {
    std::uint32_t count = 0;
    std::uint32_t first = none;
    bool is_end_of_free() const { return first != none; }
    friend bool operator<(const Node& a, const Node& b) {
      return a.count != b.count ? a.count < b.count : &a < &b;
    }
  };
  struct AtLeast {
    bool operator()(const Node& node, std::uint32_t count) const { return node.count < count; }
    bool operator()(std::uint32_t count, const Node& node) const { return count < node.count; }
  };

  std::uint32_t take(std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    const auto found = by_size_.lower_bound(count, AtLeast{});
    if (found == by_size_.end()) return none;
    const auto start = static_cast<std::uint32_t>(&*found - nodes_.data());
    const std::uint32_t rest = remove(start) - count;
    if (rest != 0) insert(start + count, rest);
    return start;
  }
  void insert(std::uint32_t start, std::uint32_t count) {
    nodes_[start].count = count;
    nodes_[start + count - 1].first = start;
    by_size_.insert(nodes_[start]);
  }
  // How many regions the run had.
  std::uint32_t remove(std::uint32_t start) {
    const std::uint32_t count = nodes_[start].count;
    by_size_.erase(by_size_.iterator_to(nodes_[start]));
    nodes_[start + count - 1].first = none;
    nodes_[start].count = 0;
    return count;
  }
  void write_words(std::uint32_t start, std::uint32_t count, std::uint64_t word) {
    if (words_.empty()) return;
    for (std::uint32_t i = start; i < start + count; ++i) words_[i].store(word, std::memory_order_release);
  }

  std::vector<Node> nodes_;
  std::vector<std::atomic<std::uint64_t>> words_;
  boost::intrusive::set<Node, boost::intrusive::constant_time_size<false>> by_size_{};
  std::mutex mutex_{};
};

}  // namespace shunt::baselines
