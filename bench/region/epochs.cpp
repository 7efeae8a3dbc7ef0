// What a reader pays to be inside an epoch: enter() and leave(), against two plain stores to a line of its
// own, the same with the full fence that the heavy barrier saves, and a shared lock.
#include <atomic>
#include <memory>
#include <shared_mutex>

#include "region/bare_table.hpp"
#include "region/cell.hpp"
#include "region/region_bench.hpp"
#include "region/region_space.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

struct World {
  explicit World(unsigned threads)
      : space(RegionSpace::open(os::SystemCalls::real(), geometry_of(64)).take()), lines(threads) {
    for (unsigned i = 0; i < threads; ++i) readers.push_back({space.epochs().join("bench").take()});
  }
  struct alignas(64) Line {
    std::atomic<std::uint64_t> word;
  };
  // A reader counts its nesting in itself, so each has a line to itself, as it has on its thread's stack.
  struct alignas(64) OwnReader {
    Epochs::Reader reader;
  };
  RegionSpace space;
  std::vector<OwnReader> readers{};
  std::vector<Line> lines;
  std::shared_mutex mutex{};
};

void add_sides(unsigned threads, std::vector<Side>& sides) {
  const auto world = std::make_shared<World>(threads);
  const auto add = [&](const char* name, auto enter, auto leave) {
    sides.push_back({side_name(threads, name), threads, [=](unsigned thread, std::uint64_t operations) {
                       for (std::uint64_t i = 0; i < operations; ++i) {
                         enter(*world, thread);
                         std::atomic_signal_fence(std::memory_order_seq_cst);
                         leave(*world, thread);
                       }
                     }});
  };
  const auto leave_line = [](World& w, unsigned thread) {
    w.lines[thread].word.store(0, std::memory_order_release);
  };
  add(
      "two_stores",
      [](World& w, unsigned thread) { w.lines[thread].word.store(2, std::memory_order_relaxed); },
      leave_line);
  add(
      "epoch", [](World& w, unsigned thread) { w.readers[thread].reader.enter(); },
      [](World& w, unsigned thread) { w.readers[thread].reader.leave(); });
  add(
      "fenced_store", [](World& w, unsigned thread) { w.lines[thread].word.store(2); }, leave_line);
  add(
      "shared_lock", [](World& w, unsigned) { w.mutex.lock_shared(); },
      [](World& w, unsigned) { w.mutex.unlock_shared(); });
}

Counters extra(const std::string& side, const Samples& samples) {
  const std::string threads = side.substr(0, side.find('/') + 1);
  return {{"extra_ns", paired_difference(samples.at(side), samples.at(threads + "two_stores"))},
          {"ratio_vs_shared_lock", paired_ratio(samples.at(side), samples.at(threads + "shared_lock"))}};
}

}  // namespace

void register_epoch_cell() {
  std::vector<std::string> names;
  for (const unsigned threads : thread_counts) {
    for (const char* name : {"two_stores", "epoch", "fenced_store", "shared_lock"}) {
      names.push_back(side_name(threads, name));
    }
  }
  register_cell({"epochs", names,
                 [] {
                   OpenCell cell{{}, extra};
                   for (const unsigned threads : thread_counts) add_sides(threads, cell.sides);
                   return cell;
                 },
                 turns_of(21, 4e6, Clock::Cpu)});
}

}  // namespace shunt::bench
