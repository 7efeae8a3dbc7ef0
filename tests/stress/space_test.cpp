// stress: RegionSpace as a heap uses it. Objects are put into regions by one thread and released by another;
// whoever brings a region's live bytes to nothing empties it, sweepers try the same for every region that
// looks empty, and at most one of them may succeed for one life of the region. Threads that are inside an
// epoch, for long at times, find every region that they meet there as it was for as long as they stay.
#include <deque>

#include "region/region_space.hpp"
#include "stress/workers.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

// Where threads leave objects for others to release.
class Exchange {
 public:
  struct Object {
    RegionIndex head;
    std::uint64_t bytes;
  };
  void put(Object object) {
    const std::lock_guard lock(mutex_);
    objects_.push_back(object);
  }
  bool take(Worker& worker, Object& object) {
    const std::lock_guard lock(mutex_);
    if (objects_.empty()) return false;
    std::swap(objects_[worker.below(objects_.size())], objects_.back());
    object = objects_.back();
    objects_.pop_back();
    return true;
  }

 private:
  std::mutex mutex_;
  std::deque<Object> objects_;
};

class SharedHeap {
 public:
  explicit SharedHeap(std::uint32_t regions)
      : space_(RegionSpace::open(os::SystemCalls::real(), {Address{std::uintptr_t{1} << 44}, 21, 4, regions})
                   .take()),
        stamps_(regions),
        contents_(regions),
        published_(regions) {}

  EpochReader join() { return space_.epochs().join("stress").take(); }

  // Claims, fills with some objects, retires.
  void allocate(Worker& worker) {
    const std::uint32_t size = space_.table().size();
    const std::uint32_t count = worker.once_in(2) ? 1 : 2 + worker.below(size < 12 ? size - 1 : 11);
    const auto claimed = count == 1 ? space_.claim(RegionKind::Small) : space_.claim_contiguous(count);
    if (!claimed) return;
    const RegionIndex head = claimed.value();
    begin_life(worker, head, count);
    const std::uint32_t objects = count == 1 ? 1 + worker.below(4) : 1;
    for (std::uint32_t i = 0; i < objects; ++i) {
      expect(space_.carve(head, 64, 64, 16).bytes == 64, "a new region has no room", head, worker);
      space_.record(head).add_live(64);
    }
    expect(bool{space_.retire(head)}, "an own region was not retired", head, worker);
    worker.breathe();
    published_[value(head)].store(true, std::memory_order_release);  // pairs with read()
    for (std::uint32_t i = 0; i < objects; ++i) exchange_.put({head, 64});
  }
  void release_object(Worker& worker) {
    Exchange::Object object;
    if (!exchange_.take(worker, object)) return;
    const std::uint64_t left = space_.record(object.head).subtract_live(object.bytes);
    if (left == 0) empty(worker, object.head);
  }
  void sweep(Worker& worker) {
    space_.for_each_empty([&](RegionIndex r) { empty(worker, r); });
  }
  // A region that is found inside an epoch keeps its life, and what is in it, until the reader leaves.
  void read(Worker& worker, EpochReader& reader) {
    const RegionIndex r{worker.below(contents_.size())};
    const EpochGuard guard(reader);
    if (!published_[value(r)].load(std::memory_order_acquire)) return;  // pairs with allocate()
    const std::uint64_t content = contents_[value(r)];
    const std::uint16_t generation = space_.word(r).generation();
    for (std::uint32_t looks = worker.once_in(16) ? 200 : 3; looks > 0; --looks) {
      worker.breathe();
      expect(contents_[value(r)] == content, "reused under a reader", r, worker);
      expect(space_.word(r).generation() == generation, "another life under a reader", r, worker);
    }
    ++reads;
  }
  void look(Worker& worker) {
    const RegionStatistics s = space_.statistics();
    std::uint32_t all = 0;
    for (const std::uint32_t n : s.by_state) all += n;
    expect(all == space_.table().size(), "statistics that do not add up", RegionIndex{0}, worker);
  }

  void expect_all_free() {
    Worker last{0xFFFF, {}};
    Exchange::Object object;
    while (exchange_.take(last, object)) {
      if (space_.record(object.head).subtract_live(object.bytes) == 0) empty(last, object.head);
    }
    sweep(last);
    space_.sweep();
    CHECK(space_.epoch_statistics().readers == 0);
    CHECK(space_.epoch_statistics().waiting_regions == 0);
    const std::uint32_t size = space_.table().size();
    CHECK(space_.statistics().in(Free) == size);
    CHECK(space_.claim_contiguous(size).ok());
    CHECK(findings_.text() == "");
  }

  std::atomic<std::uint64_t> lives_ended = 0, lost_races = 0, reads = 0;

 private:
  struct Stamp {  // plain on purpose: only the table keeps one life's writes apart from the next one's
    bool alive = false;
    std::uint32_t span = 0;
    std::uint16_t generation = 0xFFFF;
  };

  void begin_life(Worker& worker, RegionIndex head, std::uint32_t count) {
    for (std::uint32_t k = 0; k < count; ++k) {
      Stamp& stamp = stamps_[value(head + k)];
      const RegionRecord& record = space_.record(head + k);
      const std::uint16_t generation = space_.word(head + k).generation();
      const auto grown = static_cast<std::uint16_t>(generation - stamp.generation);
      expect(!stamp.alive, "handed out twice", head + k, worker);
      expect(grown != 0 && grown < 0x8000, "generation did not grow", head + k, worker);
      expect(record.top() == 0 && record.live_bytes() == 0, "claimed with an old record", head + k, worker);
      expect(space_.head_of(head + k) == head, "claimed with another head", head + k, worker);
      stamp = {true, k == 0 ? count : 0, generation};
      ++contents_[value(head + k)];
    }
  }
  // Where true is answered the region and its tails are this thread's alone.
  void empty(Worker& worker, RegionIndex r) {
    if (!space_.quarantine_if_empty(r)) {
      ++lost_races;
      return;
    }
    ++lives_ended;
    const std::uint32_t span = space_.region_span(r);
    expect(span == stamps_[value(r)].span, "emptied with another span", r, worker);
    for (std::uint32_t k = 0; k < span; ++k) {
      expect(stamps_[value(r + k)].alive, "emptied twice", r + k, worker);
      expect(space_.word(r + k).is(Quarantined), "emptied without its tail", r + k, worker);
      stamps_[value(r + k)].alive = false;
    }
    // Nobody finds it from here on; who has found it may still be inside.
    published_[value(r)].store(false, std::memory_order_relaxed);
    worker.breathe();
    expect(bool{space_.release(r)}, "an own release was refused", r, worker);
  }
  void expect(bool kept, const char* what, RegionIndex r, const Worker& worker) {
    if (kept) return;
    findings_.report(std::string(what) + ": region " + std::to_string(value(r)) + ", thread " +
                     std::to_string(worker.self) + ", now " + name_of(space_.word(r).state()));
  }

  RegionSpace space_;
  std::vector<Stamp> stamps_;
  std::vector<std::uint64_t> contents_;       // plain: what a mutator would have in the region
  std::vector<std::atomic<bool>> published_;  // can the region be found?
  Exchange exchange_;
  Findings findings_;
};

}  // namespace

TEST_CASE("stress: regions that are emptied by whoever releases the last object are emptied once") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    for (const std::uint32_t regions : {2u, 8u, 200u}) {
      CAPTURE(threads);
      CAPTURE(regions);
      SharedHeap heap(regions);
      const unsigned steps = steps_each(100'000, threads);
      run_workers(threads, regions, [&](Worker& worker) {
        EpochReader reader = heap.join();
        for (unsigned step = 0; step < steps; ++step) {
          const std::uint32_t choice = worker.below(32);
          worker.breathe();
          choice < 12   ? heap.allocate(worker)
          : choice < 26 ? heap.release_object(worker)
          : choice < 30 ? heap.read(worker, reader)
          : choice < 31 ? heap.sweep(worker)
                        : heap.look(worker);
        }
      });
      heap.expect_all_free();
      record_count("operations", std::uint64_t{threads} * steps);
      record_count("reads inside an epoch", heap.reads.load());
      record_count("lives ended", heap.lives_ended.load());
      record_count("races for an empty region lost", heap.lost_races.load());
    }
  }
}
