// The regions that are released and wait until no reader can name them, in the order of their stamps.
//
// Keeps true: a region is in it at most once, and leaves it only when every reader that was inside an epoch
// when it came has left (epochs.hpp), so that it is not Free before (invariant 3). Changes no region's word:
// who takes a region out makes it Free. Off the hot path: a mutex, held for a few instructions, and a list
// through sparse metadata, so that waiting takes no memory from anybody (invariant 5). Thread-safe; not to be
// moved while used.
//
// A child of fork inherits the list, and the mutex as it was: fork while no other thread releases regions.
#pragma once

#include <atomic>
#include <boost/intrusive/slist.hpp>
#include <cstdint>
#include <mutex>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/metadata_memory.hpp"
#include "region/epochs.hpp"

namespace shunt {

class Quarantine {
 public:
  Quarantine() = default;  // to be opened
  // Errors: the kernel's ENOMEM. 24 bytes of address space a region.
  static Result<Quarantine> open(const os::SystemCalls&, std::uint32_t region_count);

  // Puts `head`, which stands for `span` regions, at the end under a stamp of its own. The caller has
  // unlinked it. False if it is in already. O(1).
  bool add(RegionIndex head, std::uint32_t span, Epochs&);
  // Takes the first out if its stamp is below, as Epochs::reusable_below() answers. RegionIndex::none if not.
  // O(1).
  RegionIndex take_below(std::uint64_t stamp);

  // Snapshots, for deciding whether to look at all: the stamp of the first, 0 when none waits; regions that
  // wait.
  std::uint64_t oldest_stamp() const { return queue_->oldest.load(std::memory_order_relaxed); }
  std::uint64_t waiting_regions() const { return queue_->regions.load(std::memory_order_relaxed); }

 private:
  using Hook = boost::intrusive::slist_member_hook<>;
  struct Node {  // zero: not in the list
    Hook hook;
    std::uint64_t stamp;
    std::uint32_t span;
  };
  using List = boost::intrusive::slist<Node, boost::intrusive::member_hook<Node, Hook, &Node::hook>,
                                       boost::intrusive::constant_time_size<false>,
                                       boost::intrusive::cache_last<true>>;
  struct Queue {
    std::mutex mutex;
    List waiting;
    std::atomic<std::uint64_t> oldest{0};   // written under the mutex
    std::atomic<std::uint64_t> regions{0};  // written under the mutex
  };

  void note_first();

  os::MetadataMemory queue_memory_;
  os::MetadataMemory nodes_memory_;
  Queue* queue_ = nullptr;
  Node* nodes_ = nullptr;
};

}  // namespace shunt
