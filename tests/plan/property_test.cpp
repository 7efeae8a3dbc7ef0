// Random heaps, random goals: whatever the plan is, carrying it out must keep every live byte.
//
// The heap is the plain model of model_heap.hpp; sizes go from 16 bytes to 100 MiB.
#include <set>

#include "model_heap.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

using Random = std::mt19937_64;

enum class Liveness { AllDead, AllLive, OneBytePerPage, Mostly, Half, Rarely, ByRegion, ByHugePage };

class RandomHeap {
 public:
  RandomHeap(ModelHeap& heap, Random& random, Liveness liveness)
      : heap_(heap), random_(random), liveness_(liveness) {}

  void fill(std::size_t objects_wanted) {
    const std::uint32_t spare = heap_.geometry.region_count / (2 + random_() % 10);
    while (heap_.objects.size() < objects_wanted && heap_.regions_left() > spare) {
      start_region();
      switch (random_() % 8) {
        case 0:
          fill_medium();
          break;
        case 1:
          add_large();
          break;
        case 2:
          fill_small(RegionContent::Aligned, 256);
          break;
        case 3:
          fill_small(random_() % 3 == 0 ? RegionContent::Pinned : RegionContent::Small, 0);
          break;
        default:
          fill_small(RegionContent::Small, 0);
      }
    }
  }

 private:
  void start_region() {
    percent_ = random_() % 101;
    huge_bits_ = random_() % 3 == 0 ? static_cast<std::uint16_t>(random_()) : random_() % 2 == 0 ? 0xFFFF : 0;
    skip_ = random_() % 3 == 0 && heap_.regions_left() > 2 ? 1 : 0;
    gaps_ = liveness_ != Liveness::ByHugePage && random_() % 4 != 0;
  }
  void add_region(RegionContent content) { heap_.add_region(content, skip_).huge_page_bits = huge_bits_; }
  bool lives(std::size_t offset) {
    switch (liveness_) {
      case Liveness::AllDead:
        return false;
      case Liveness::AllLive:
        return true;
      case Liveness::OneBytePerPage:
        return offset % page_bytes == 0;
      case Liveness::Mostly:
        return random_() % 100 < 97;
      case Liveness::Half:
        return random_() % 2 == 0;
      case Liveness::Rarely:
        return random_() % 50 == 0;
      case Liveness::ByRegion:
        return random_() % 100 < percent_;
      case Liveness::ByHugePage:
        return ((offset >> huge_page_shift) + percent_) % 2 == 0;
    }
    return false;
  }
  std::size_t size_class() {
    const std::size_t limit = heap_.geometry.region_bytes() / 4;
    if (random_() % 4 != 0) return limit >> random_() % 8;
    const std::size_t size = std::size_t{16} << random_() % 15;
    return std::min(limit, size + random_() % size);
  }
  void fill_small(RegionContent content, std::size_t alignment) {
    add_region(content);
    const std::size_t step = std::max(alignment, heap_.geometry.granule_bytes());
    const std::size_t end =
        random_() % 4 == 0 ? random_() % heap_.geometry.region_bytes() : heap_.geometry.region_bytes();
    const std::size_t typical = size_class();
    for (std::size_t at = 0; at < end;) {
      std::size_t bytes = liveness_ == Liveness::OneBytePerPage
                              ? (at % page_bytes == 0 ? 1 : page_bytes - step)
                              : 16 + random_() % (2 * typical);
      if (random_() % 16 == 0) bytes = page_bytes - at % page_bytes;  // ends exactly with a page
      bytes = std::min(bytes, end - at);                              // and with the region
      heap_.add_object(at, bytes, lives(at));
      at = align_up(at + bytes + (gaps_ && random_() % 8 == 0 ? random_() % (3 * page_bytes) : 0), step);
    }
  }
  void fill_medium() {
    add_region(RegionContent::Medium);
    const std::size_t end = heap_.geometry.region_bytes();
    for (std::size_t at = 0; at < end;) {
      std::size_t bytes = page_bytes * (1 + random_() % 20);
      if (random_() % 2 == 0) bytes -= random_() % page_bytes;
      bytes = std::min(bytes, end - at);
      heap_.add_object(at, bytes, lives(at));
      at = align_up(at + bytes, page_bytes);
    }
  }
  void add_large() {
    const std::size_t region = heap_.geometry.region_bytes();
    const std::size_t most =
        std::min<std::size_t>(std::size_t{100} << 20, (heap_.regions_left() + 4) / 5 * region);
    if (most < 2 * region || heap_.regions_left() < 2) return;
    const std::size_t bytes = random_() % 3 == 0 ? most : 1 + random_() % most;
    const bool live = lives(0);
    const std::size_t first = heap_.facts.size();
    heap_.add_large(bytes, live);
    for (std::size_t i = first; i < heap_.facts.size(); ++i) heap_.facts[i].huge_page_bits = huge_bits_;
  }

  ModelHeap& heap_;
  Random& random_;
  Liveness liveness_;
  std::uint64_t percent_ = 0;
  std::uint16_t huge_bits_ = 0;
  std::uint32_t skip_ = 0;
  bool gaps_ = true;
};

void vary_goal(PlanInput& input, Random& random) {
  Goal& goal = input.goal;
  if (random() % 3 == 0) goal.bytes_to_free = random() % input.geometry.bytes();
  if (random() % 3 == 0) goal.contiguous_regions = static_cast<std::uint32_t>(2 + random() % 8);
  if (random() % 3 == 0) goal.waste_allowance = static_cast<double>(random() % 101) / 100;
  if (random() % 3 == 0) goal.dense_enough = static_cast<double>(random() % 120) / 100;
  if (random() % 4 == 0) goal.copied_bytes_limit = random() % input.geometry.bytes();
  goal.page_moves = random() % 5 != 0;
  goal.min_release_pages = static_cast<std::uint32_t>(random() % 6);
  input.running_threads = static_cast<unsigned>(random() % 3);
  if (random() % 3 == 0) input.object_starts = {};
  if (goal.contiguous_regions != 0 && random() % 2 == 0) goal.bytes_to_free = 0;
  if (random() % 4 == 0) input.costs.split_huge_page = 3000;
  if (random() % 4 == 0) input.costs.move_call = 40'000;
}

class Verifier {
 public:
  Verifier(const ModelHeap& heap, const PlanInput& input, const Planned& planned, Random& random)
      : heap_(heap),
        input_(input),
        plan_(planned.plan),
        forwarding_(planned.forwarding),
        random_(random),
        transfers_(heap.execute(planned.plan)) {}

  void verify() {
    verify_objects();
    verify_nothing_overlaps();
    verify_destinations();
    verify_runs();
    verify_releases();
    verify_totals();
    verify_window();
  }

 private:
  bool is_selected(Address a) const { return forwarding_.slot_of(a) != ForwardingTable::no_slot; }
  const Transfer* transfer_of(Address a) const {
    const auto behind = std::ranges::upper_bound(transfers_, a, {}, &Transfer::from);
    if (behind == transfers_.begin() || (behind - 1)->from + (behind - 1)->bytes <= a) return nullptr;
    return &*(behind - 1);
  }

  void verify_objects() {
    std::size_t wrong = 0;
    for (const auto& [start, object] : heap_.objects) {
      if (object.live && is_selected(start)) {
        wrong += !arrives_whole(start, object);
        ++moved_objects_;
      } else if (!is_selected(start)) {
        wrong += forwarding_.forward(start) != start ||
                 forwarding_.forward(start + object.bytes - 1) != start + object.bytes - 1;
        wrong += transfer_of(start) != nullptr;
      }
    }
    CHECK(wrong == 0);
  }

  // Every byte has a new place, all by the same delta, and forwarding says so.
  bool arrives_whole(Address start, const ModelObject& object) {
    const Transfer* first = transfer_of(start);
    if (first == nullptr) return false;
    const std::uintptr_t delta = value(first->to) - value(first->from);
    const auto goes_along = [&](Address a) {
      const Transfer* t = transfer_of(a);
      return t != nullptr && value(t->to) - value(t->from) == delta &&
             forwarding_.forward(a) == Address{value(a) + delta};
    };
    for (Address a = start; a < start + object.bytes; a += page_bytes) {
      if (!goes_along(a)) return false;
    }
    if (!goes_along(start + object.bytes - 1) || !goes_along(start + random_() % object.bytes)) return false;
    if (heap_.facts[object.fact].content == RegionContent::Aligned && !is_aligned(delta, page_bytes))
      return false;
    if (heap_.facts[object.fact].content == RegionContent::Medium && !is_aligned(delta, page_bytes))
      return false;
    return stays_in_its_destination(Address{value(start) + delta}, object);
  }

  bool stays_in_its_destination(Address to, const ModelObject& object) const {
    const RegionIndex first = heap_.geometry.region_of(to);
    const RegionIndex last = heap_.geometry.region_of(to + object.bytes - 1);
    const bool large = heap_.facts[object.fact].content == RegionContent::LargeHead;
    if (large ? to != heap_.geometry.start_of(first) : first != last) return false;
    for (RegionIndex r = first; r <= last; r = r + 1) {
      const auto d = std::ranges::find(plan_.destinations, r, &DestinationRegion::region);
      if (d == plan_.destinations.end()) return false;
      const RegionContent expected = !large       ? heap_.facts[object.fact].content
                                     : r == first ? RegionContent::LargeHead
                                                  : RegionContent::LargeTail;
      if (d->content != expected) return false;
      const Address top = heap_.geometry.start_of(r) + d->used_bytes;
      if (r == last && to + object.bytes > top) return false;
    }
    return true;
  }

  void verify_nothing_overlaps() {
    auto by_target = transfers_;
    std::ranges::sort(by_target, {}, &Transfer::to);
    for (std::size_t i = 0; i + 1 < by_target.size(); ++i) {
      REQUIRE(by_target[i].to + by_target[i].bytes <= by_target[i + 1].to);
    }
    for (std::size_t i = 0; i + 1 < transfers_.size(); ++i) {
      REQUIRE(transfers_[i].from + transfers_[i].bytes <= transfers_[i + 1].from);
    }
    for (const Transfer& t : transfers_) REQUIRE(is_selected(t.from));
  }

  void verify_destinations() {
    std::map<RegionIndex, std::pair<std::size_t, std::size_t>> arrived;  // by page, copied
    for (const Transfer& t : transfers_) {
      for (std::size_t done = 0; done < t.bytes;) {
        const RegionIndex r = heap_.geometry.region_of(t.to + done);
        const std::size_t part = std::min(t.bytes - done, heap_.geometry.range_of(r).end() - (t.to + done));
        (t.by_page ? arrived[r].first : arrived[r].second) += part;
        REQUIRE(t.to + done + part <= heap_.geometry.start_of(r) + used_bytes(r));
        done += part;
      }
    }
    CHECK(arrived.size() == plan_.destinations.size());
    RegionIndex previous = RegionIndex::none;
    for (const DestinationRegion& d : plan_.destinations) {
      CHECK(std::ranges::binary_search(heap_.destinations, d.region));
      if (previous != RegionIndex::none) CHECK(previous < d.region);
      CHECK(arrived[d.region] == std::pair<std::size_t, std::size_t>{d.run_bytes, d.copied_bytes});
      CHECK(d.used_bytes <= heap_.geometry.region_bytes());
      if (!plan_.window.is_empty()) CHECK_FALSE(plan_.window.contains(d.region));
      previous = d.region;
    }
    if (plan_.window.is_empty()) {
      for (std::size_t i = 0; i < plan_.destinations.size(); ++i)
        CHECK(plan_.destinations[i].region == heap_.destinations[i]);
    }
  }
  std::size_t used_bytes(RegionIndex r) const {
    const auto d = std::ranges::find(plan_.destinations, r, &DestinationRegion::region);
    return d == plan_.destinations.end() ? 0 : d->used_bytes;
  }

  void verify_runs() {
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      const PageRun& run = plan_.runs[i];
      REQUIRE(is_aligned(value(run.from) | value(run.to) | run.bytes, page_bytes));
      if (run.huge) REQUIRE(is_aligned(value(run.from) | value(run.to) | run.bytes, huge_page_bytes));
      if (i == 0) continue;
      const PageRun& before = plan_.runs[i - 1];  // what can be joined is
      REQUIRE_FALSE((before.huge == run.huge && before.from + before.bytes == run.from &&
                     before.to + before.bytes == run.to));
    }
    if (!input_.goal.page_moves) CHECK(plan_.runs.empty());
  }

  void verify_releases() {
    for (const AddressRange& r : plan_.releases) {
      REQUIRE(r.bytes >= std::max(input_.goal.min_release_pages, 1u) * page_bytes);
      REQUIRE_FALSE(is_selected(r.start));
      REQUIRE(heap_.marks.live_granules(r) == 0);
    }
  }

  void verify_totals() {
    std::size_t live = 0, used = 0, selected_used = 0, released = 0;
    for (const auto& [start, object] : heap_.objects)
      live += object.live ? heap_.granules_bytes(object.bytes) : 0;
    for (const RegionFacts& f : heap_.facts) used += std::size_t{f.used_pages} << page_shift;
    std::size_t moved = 0, copied = 0, moved_live = 0;
    for (const Transfer& t : transfers_) (t.by_page ? moved : copied) += t.bytes;
    for (const PageRun& run : plan_.runs) moved_live += heap_.marks.live_bytes({run.from, run.bytes});
    for (const SelectedRegion& s : plan_.selected) selected_used += std::size_t{s.used_pages} << page_shift;
    for (const AddressRange& r : plan_.releases) released += r.bytes;
    const PlanTotals& t = plan_.totals;
    CHECK(t.bytes_moved == moved);
    CHECK(t.bytes_copied == copied);
    CHECK(t.bytes_left == live - copied - moved_live);
    CHECK(t.bytes_released == released);
    CHECK(t.bytes_freed == selected_used - std::min(selected_used, occupied_pages() * page_bytes));
    CHECK(t.nanoseconds >= 0);
    if (plan_.window.is_empty()) CHECK(t.bytes_copied <= input_.goal.copied_bytes_limit);
  }
  std::size_t occupied_pages() const {
    std::set<std::uint64_t> pages;
    for (const Transfer& t : transfers_) {
      for (Address a = align_down(t.to, page_bytes); a < t.to + t.bytes; a += page_bytes) {
        pages.insert(value(heap_.geometry.page_of(a)));
      }
    }
    return pages.size();
  }

  void verify_window() {
    if (plan_.window.is_empty()) return;
    CHECK(plan_.window.regions == input_.goal.contiguous_regions);
    for (const RegionFacts& f : heap_.facts) {
      if (plan_.window.contains(f.region)) CHECK(is_selected(heap_.start_of(f)));
    }
  }

  const ModelHeap& heap_;
  const PlanInput& input_;
  const Plan& plan_;
  const ForwardingTable& forwarding_;
  Random& random_;
  std::vector<Transfer> transfers_;
  std::size_t moved_objects_ = 0;
};

template <class T>
bool same(std::span<const T> a, std::span<const T> b) {
  return std::ranges::equal(a, b);
}

void verify_deterministic(const PlanInput& input, const Plan& plan) {
  const Planned again(input);
  CHECK(same(plan.selected, again.plan.selected));
  CHECK(same(plan.runs, again.plan.runs));
  CHECK(same(plan.copies, again.plan.copies));
  CHECK(same(plan.destinations, again.plan.destinations));
  CHECK(same(plan.releases, again.plan.releases));
  CHECK(plan.window == again.plan.window);
  CHECK(plan.totals == again.plan.totals);
}

void run_trial(unsigned region_shift, Liveness liveness, std::uint64_t seed) {
  CAPTURE(seed);
  CAPTURE(region_shift);
  CAPTURE(static_cast<int>(liveness));
  Random random(seed);
  const std::size_t big_heap = (std::size_t{512} << 20) >> region_shift;
  const auto regions = static_cast<std::uint32_t>(random() % 4 == 0 ? big_heap : 12 + random() % 30);
  ModelHeap heap(region_shift, 3 + random() % 2, regions);
  RandomHeap(heap, random, liveness).fill(6000);
  heap.claim_destinations(random() % 2 == 0 ? regions : random() % 8, random() % 2 == 0 ? &random : nullptr);
  PlanInput input = heap.input();
  vary_goal(input, random);
  const Planned planned(input);
  Verifier(heap, input, planned, random).verify();
  verify_deterministic(input, planned.plan);
}

}  // namespace

TEST_CASE("random heaps: every live byte of a selected region has exactly one new place") {
  const std::uint64_t seed = test_seed();
  std::uint64_t trial = 0;
  for (const unsigned region_shift : {18u, 19u, 20u, 21u, 22u, 23u, 25u}) {
    for (const Liveness liveness :
         {Liveness::AllDead, Liveness::AllLive, Liveness::OneBytePerPage, Liveness::Mostly, Liveness::Half,
          Liveness::Rarely, Liveness::ByRegion, Liveness::ByHugePage}) {
      run_trial(region_shift, liveness, seed + trial++);
    }
  }
}

// Heaps whose free stretches are all shorter than the window: something has to move out of the way, large
// objects too.
TEST_CASE("random windows: what must be emptied is emptied into destinations outside") {
  const std::uint64_t seed = test_seed() ^ 0x5DEECE66D;
  int found = 0;
  int large_moved = 0;
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    CAPTURE(seed + trial);
    Random random(seed + trial);
    ModelHeap heap(trial % 2 == 0 ? 21 : 18, 4, 6 * 7 + 1);  // what the loop below fills at most
    for (int i = 0; i < 6; ++i) {
      const auto free = static_cast<std::uint32_t>(1 + random() % 3);
      if (random() % 2 == 0) {
        heap.add_region(RegionContent::Pinned, free);
        heap.add_large(heap.geometry.region_bytes() * (1 + random() % 2) + random() % 5000, true);
        if (random() % 2 == 0) heap.facts.back().huge_page_bits = 1;
      } else {
        heap.add_region(random() % 2 == 0 ? RegionContent::Small : RegionContent::Aligned, free);
        for (std::size_t at = 0; at + 5120 <= heap.geometry.region_bytes(); at += 5120) {
          heap.add_object(at, std::min<std::size_t>(1024 << random() % 3, 4096), random() % 3 == 0);
        }
      }
    }
    heap.add_region(RegionContent::Pinned);
    heap.geometry.region_count = value(heap.facts.back().region) + 1;
    PlanInput input = heap.input();
    input.goal.contiguous_regions = static_cast<std::uint32_t>(4 + random() % 3);
    input.goal.bytes_to_free = random() % 2 == 0 ? 0 : SIZE_MAX;
    const Planned planned(input);
    Verifier(heap, input, planned, random).verify();
    found += !planned.plan.window.is_empty() && !planned.plan.selected.empty();
    for (const DestinationRegion& d : planned.plan.destinations)
      large_moved += d.content == RegionContent::LargeHead;
  }
  INFO("seed " << seed);
  CHECK(found > 0);
  CHECK(large_moved > 0);
}
