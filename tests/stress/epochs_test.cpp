// stress: readers that enter and leave epochs, reclaimers that replace what they look at and write over it as
// soon as the epochs allow, in plain memory. With the process-wide barrier, with fences, and with the barrier
// refused while all of it goes on; readers join and part meanwhile.
#include <deque>
#include <memory>
#include <optional>

#include "region/epochs.hpp"
#include "stress/workers.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// The kernel's barrier, which may be refused from some moment on.
class FickleBarrier {
 public:
  FickleBarrier() = default;
  FickleBarrier(const os::ProcessBarrier& real, const std::atomic<bool>& refused)
      : real_(real), refused_(&refused) {}

  bool enroll() const { return !refused_->load() && real_.enroll(); }
  bool run() const { return !refused_->load() && real_.run(); }
  static void light() { os::ProcessBarrier::light(); }
  static void full() { os::ProcessBarrier::full(); }

 private:
  os::ProcessBarrier real_;
  const std::atomic<bool>* refused_ = nullptr;
};

using TestedEpochs = BasicEpochs<YieldingAtomic, EpochProtocol, FickleBarrier>;

// A few cells, each of which names an object. Readers follow the names, reclaimers replace them.
class Cells {
 public:
  Cells(unsigned reclaimers, bool refuse)
      : refused(refuse),
        barrier_(os::SystemCalls::real()),
        slots_(std::size_t{2} * 64),
        control_(std::make_unique<TestedEpochs::Control>()),
        epochs_(slots_, *control_, FickleBarrier(barrier_, refused)),
        objects_(cell_count + reclaimers * spare_objects) {
    for (std::uint32_t i = 0; i < cell_count; ++i) {
      objects_[i] = {1, 1};
      cells_[i].store(i, std::memory_order_relaxed);
    }
  }

  bool barrier_works() const { return barrier_.enroll(); }

  void read(Worker& worker, unsigned steps) {
    std::optional<TestedEpochs::Reader> reader;
    for (unsigned step = 0; step < steps; ++step) {
      if (!reader) reader.emplace(epochs_.join("stress").take());
      reader->enter();
      const std::uint32_t looks = 1 + worker.below(4);
      for (std::uint32_t i = 0; i < looks; ++i) follow(worker);
      reader->leave();
      if (worker.once_in(100)) reader.reset();
    }
  }

  // The barrier is refused from step `refuse_at` on.
  void reclaim(Worker& worker, unsigned reclaimer, unsigned steps, unsigned refuse_at) {
    std::vector<std::uint32_t> usable;
    for (std::uint32_t i = 0; i < spare_objects; ++i)
      usable.push_back(cell_count + reclaimer * spare_objects + i);
    std::deque<Waiting> waiting;
    for (unsigned step = 0; step < steps; ++step) {
      if (step == refuse_at) refused = true;
      if (!usable.empty()) {
        replace(worker, usable.back(), waiting);
        usable.pop_back();
      }
      if (!waiting.empty() && epochs_.reusable_below(waiting.front().stamp) > waiting.front().stamp) {
        write_over(waiting.front().object);
        usable.push_back(waiting.front().object);
        waiting.pop_front();
        ++reused;
      }
      worker.breathe();
    }
  }

  std::atomic<bool> refused;
  std::atomic<std::uint64_t> reused = 0, followed = 0;
  Findings findings;

 private:
  static constexpr std::uint32_t cell_count = 4, spare_objects = 3;
  struct Object {  // plain on purpose; both are equal as long as it may be read
    std::uint64_t first = 0, second = 0;
  };
  struct Waiting {
    std::uint32_t object;
    std::uint64_t stamp;
  };

  void follow(Worker& worker) {
    // pairs with the exchange in replace()
    const Object& object = objects_[cells_[worker.below(cell_count)].load(std::memory_order_acquire)];
    const std::uint64_t first = object.first;
    worker.breathe();
    if (first == 0 || first != object.second) findings.report("reused under a reader");
    ++followed;
  }
  void replace(Worker& worker, std::uint32_t object, std::deque<Waiting>& waiting) {
    objects_[object].first = objects_[object].second = 1 + worker.random() % 1000;
    // acq_rel: pairs with follow() and with itself: who gets the old object may write over it
    const std::uint32_t old = cells_[worker.below(cell_count)].exchange(object, std::memory_order_acq_rel);
    waiting.push_back({old, epochs_.retire()});
  }
  void write_over(std::uint32_t object) { objects_[object] = {0, ~std::uint64_t{0}}; }

  os::ProcessBarrier barrier_;
  std::vector<TestedEpochs::Slot> slots_;
  std::unique_ptr<TestedEpochs::Control> control_;
  TestedEpochs epochs_;
  std::atomic<std::uint32_t> cells_[cell_count];
  std::vector<Object> objects_;
};

constexpr unsigned never = ~0u;

void read_and_reclaim(unsigned threads, unsigned refuse_at) {
  CAPTURE(threads);
  const unsigned reclaimers = threads < 8 ? 1 : 3, steps = steps_each(60'000, threads);
  Cells cells(reclaimers, refuse_at == 0);
  SHUNT_NEEDS(refuse_at == 0 || cells.barrier_works(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  run_workers(threads, refuse_at, [&](Worker& worker) {
    if (worker.self <= reclaimers) return cells.reclaim(worker, worker.self - 1, steps, refuse_at);
    cells.read(worker, steps);
  });
  CHECK(cells.findings.text() == "");
  record_count("operations", std::uint64_t{threads} * steps);
  record_count("objects reused", cells.reused.load());
  record_count("objects read inside an epoch", cells.followed.load());
}

}  // namespace

TEST_CASE("stress: nothing is written over under a reader, with the process-wide barrier") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) read_and_reclaim(threads, never);
}

TEST_CASE("stress: nothing is written over under a reader, with fences") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) read_and_reclaim(threads, 0);
}

TEST_CASE("stress: nothing is written over under a reader when the kernel begins to refuse the barrier") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) read_and_reclaim(threads, 10);
}
