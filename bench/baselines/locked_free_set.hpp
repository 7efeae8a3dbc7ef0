// Free regions in a Boost.Intrusive set ordered by address, behind a mutex.
//
// Promises what Shunt's claim promises for one region: the lowest free one, exactly. It keeps no state that
// somebody could look up. The nodes lie in one array, so nothing is allocated while it runs. The mutex is a
// parameter: std::mutex puts waiters to sleep at once, AdaptiveMutex lets them spin for a moment first.
#pragma once

#include <pthread.h>

#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

namespace shunt::baselines {

// glibc's PTHREAD_MUTEX_ADAPTIVE_NP.
class AdaptiveMutex {
 public:
  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
};

template <class Mutex = std::mutex>
class LockedFreeSet {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  // No region is free yet.
  explicit LockedFreeSet(std::uint32_t regions) : nodes_(regions) {}
  LockedFreeSet(const LockedFreeSet&) = delete;
  LockedFreeSet& operator=(const LockedFreeSet&) = delete;
  ~LockedFreeSet() { free_.clear(); }

  // The lowest free region, or none. O(1), amortized.
  std::uint32_t claim() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return none;
    const std::uint32_t lowest = index_of(*free_.begin());
    free_.erase(free_.begin());
    return lowest;
  }
  // O(log free regions).
  void release(std::uint32_t region) {
    const std::lock_guard lock(mutex_);
    free_.insert(nodes_[region]);
  }

 private:
  // Ordered by its own address: the nodes lie in an array in the regions' order.
  using Hook = boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>,
                                               boost::intrusive::optimize_size<true>>;
  struct Node : Hook {
    friend bool operator<(const Node& a, const Node& b) { return &a < &b; }
  };
  std::uint32_t index_of(const Node& node) const { return static_cast<std::uint32_t>(&node - nodes_.data()); }

  std::vector<Node> nodes_;
  boost::intrusive::set<Node, boost::intrusive::constant_time_size<false>> free_{};
  Mutex mutex_{};
};

}  // namespace shunt::baselines
