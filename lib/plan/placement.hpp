// Placement: gives every page run and every copied cluster of the selected regions its new address.
//
// Within a destination: what must keep its offset in 2 MiB first, then the other runs, from the next page on
// the copied objects. Contents are not mixed: a destination takes objects of one RegionContent. Sources are
// taken in address order, so neighbours stay neighbours. A region is placed whole or dropped.
#pragma once

#include "plan/plan.hpp"

namespace shunt {

// A list that counts what does not fit in its storage, so that a dry run gives the exact capacity. The last
// element is kept aside, for joining.
template <class T>
class CountingList {
 public:
  void use(std::span<T> storage) {
    storage_ = storage;
    count_ = 0;
  }
  void push(const T& v) {
    if (count_ < storage_.size()) storage_[count_] = v;
    ++count_;
    last_ = v;
  }
  bool empty() const { return count_ == 0; }
  const T& last() const { return last_; }
  void replace_last(const T& v) {
    if (count_ <= storage_.size()) storage_[count_ - 1] = v;
    last_ = v;
  }
  std::size_t size() const { return count_; }

 private:
  std::span<T> storage_{};
  std::size_t count_ = 0;
  T last_{};
};

struct PlacementInput {
  HeapGeometry geometry{};
  std::span<const RegionFacts> facts{};
  std::span<const Evacuation> evacuations{};
  const PageOccupancy* pages = nullptr;
  std::span<const RegionIndex> destinations{};
  RegionWindow window{};  // destinations inside are not used
};

class Placement {
 public:
  static Result<Placement> make(const PlacementInput& input, Arena& arena);

  // Finds room for the regions `selected` (indices of facts, ascending) without writing anything down; drops,
  // from the end, those for which there is none. Returns how many are left at the front of `selected`.
  std::size_t fit(std::span<std::uint32_t> selected);
  std::size_t run_count() const { return runs_.size(); }
  std::size_t copy_count() const { return copies_.size(); }

  // Places what fit() kept, into storage of exactly run_count() and copy_count() elements. The results are
  // sorted.
  void place(std::span<const std::uint32_t> selected, std::span<PageRun> runs, std::span<ClusterCopy> copies);

  std::size_t used_destinations() const;
  // `out` has used_destinations() elements.
  void list_destinations(std::span<DestinationRegion> out) const;
  std::size_t occupied_bytes() const;  // physical memory that the destinations will hold

 private:
  struct Destination {
    DestinationRegion outcome{};
    std::uint32_t run_pages_end = 0;  // copies start behind this page
    bool taken = false;               // holds something, or is not to be used
    bool excluded = false;
  };
  struct Source {
    std::uint32_t fact = 0;
    std::uint32_t slot = 0;
  };

  bool place_all(std::span<const std::uint32_t> selected, std::uint32_t& failed);
  bool place_large(std::span<const std::uint32_t> selected, std::uint32_t& failed);
  bool place_anchored(Source source);
  bool place_runs(Source source);
  bool place_copies(Source source);
  bool place_series(Source source, std::uint32_t first, std::uint32_t end);
  bool place_anchored_series(Source source, std::uint32_t first, std::uint32_t end);
  bool place_stretch(Source source, Cluster stretch);
  bool place_copy(Source source, const Cluster& cluster, bool joins);

  void start();
  void start_pass(RegionContent content);
  bool is_usable(std::size_t destination) const;
  void take(Destination& d);
  void emit_run(Source source, std::uint32_t first, std::uint32_t end, Destination& d, std::uint32_t at);
  void push_run(const PageRun& run);
  void emit_copy(Source source, const Cluster& pages, Destination& d, std::size_t at, bool joins);
  std::size_t find_neighbours(std::size_t count) const;
  void drop_from(std::span<std::uint32_t> selected, std::size_t& count, std::uint32_t failed) const;
  std::uint32_t region_pages() const {
    return static_cast<std::uint32_t>(input_.geometry.pages_per_region());
  }

  PlacementInput input_{};
  std::span<Destination> destinations_{};
  CountingList<PageRun> runs_{};
  CountingList<ClusterCopy> copies_{};
  RegionContent content_ = RegionContent::Small;
  std::size_t run_cursor_ = 0;
  std::size_t copy_cursor_[2] = {0, 0};  // big clusters pass over rooms that small ones still fill
};

}  // namespace shunt
