// Claim and release of single regions: how many a second, and how long single ones take.
//
// Every thread claims four regions and releases them in another order, over and over. In the table of 32,768
// regions 50 or 95 of a hundred are in use, at random. The time is of a claim with its release. Single
// operations are timed in turns of their own, because reading the clock is not free.
#include <array>
#include <memory>
#include <random>

#include "region/cell.hpp"
#include "region/pools.hpp"
#include "region/region_bench.hpp"
#include "support/histogram.hpp"
#include "support/statistics.hpp"
#include "support/ticks.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint32_t regions = 32'768;
constexpr std::array<std::size_t, 4> release_order{2, 0, 3, 1};
constexpr std::size_t held_at_once = release_order.size();
constexpr const char* latency_suffix = ":timed";

InUse regions_in_use(unsigned percent) {
  std::mt19937_64 random(percent);
  InUse in_use(regions);
  for (std::size_t i = 0; i < in_use.size(); ++i) in_use[i] = random() % 100 < percent;
  return in_use;
}

struct Untimed {
  template <class Operation>
  auto claim(Operation operation) {
    return operation();
  }
  template <class Operation>
  void release(Operation operation) {
    operation();
  }
};

// What single operations of one thread took, in ticks.
struct alignas(64) Timed {
  template <class Operation>
  auto claim(Operation operation) {
    const std::uint64_t start = ticks_now();
    const auto answer = operation();
    claims.add(ticks_now() - start);
    return answer;
  }
  template <class Operation>
  void release(Operation operation) {
    const std::uint64_t start = ticks_now();
    operation();
    releases.add(ticks_now() - start);
  }
  Histogram claims{};
  Histogram releases{};
};

template <class Pool, class Timer>
[[gnu::noinline]] void claim_and_release(Pool& pool, unsigned thread, std::uint64_t operations,
                                         Timer& timer) {
  std::array<std::uint32_t, held_at_once> held{};
  for (std::uint64_t done = 0; done < operations; done += held_at_once) {
    for (std::uint32_t& r : held) r = timer.claim([&] { return pool.claim(thread); });
    for (const std::size_t i : release_order) {
      if (held[i] == no_region) give_up("claim", "none was free");
      timer.release([&] { pool.release(thread, held[i]); });
    }
  }
}

using Timers = std::vector<Timed>;  // one a thread
using TimersByName = std::map<std::string, std::shared_ptr<Timers>>;

template <class Pool>
void add_sides(const std::shared_ptr<Pool>& pool, unsigned threads, const char* name,
               std::vector<Side>& sides, TimersByName& timers) {
  const std::string side = side_name(threads, name);
  sides.push_back({side, threads, [pool](unsigned thread, std::uint64_t operations) {
                     Untimed untimed;
                     claim_and_release(*pool, thread, operations, untimed);
                   }});
  const auto mine = std::make_shared<Timers>(threads);
  timers[side] = mine;
  sides.push_back({side + latency_suffix, threads, [pool, mine](unsigned thread, std::uint64_t operations) {
                     claim_and_release(*pool, thread, operations, (*mine)[thread]);
                   }});
}

void add_percentiles(const char* operation, const Timers& timers, Histogram Timed::*which,
                     Counters& counters) {
  Histogram all;
  for (const Timed& of_thread : timers) all.merge(of_thread.*which);
  for (const auto& [name, share] : {std::pair{"_p50_ns", 0.5}, {"_p99_ns", 0.99}, {"_p999_ns", 0.999}}) {
    counters[std::string(operation) + name] = all.at(share) * nanoseconds_per_tick();
  }
}

Counters count(const std::string& side, const Samples& samples, const TimersByName& timers) {
  const std::string threads = side.substr(0, side.find('/') + 1), name = side.substr(threads.size());
  const auto time_over = [&](const std::string& other) {
    return paired_ratio(samples.at(side), samples.at(other));
  };
  Counters counters{{"ratio_vs_mutex", time_over(threads + "mutex_set")},
                    {"ratio_vs_stack", time_over(threads + "stack")}};
  // Throughput over that of two threads; the CPUs that are kept busy are the same two.
  if (threads == "threads:64/") counters["vs_two_threads"] = 1 / time_over(side_name(2, name));
  add_percentiles("claim", *timers.at(side), &Timed::claims, counters);
  add_percentiles("release", *timers.at(side), &Timed::releases, counters);
  return counters;
}

// Gives up unless as many regions are free as before.
template <class Pool>
void check(Pool& pool, const InUse& in_use, const char* name) {
  InUse now = in_use;
  for (std::uint32_t r = pool.claim(0); r != no_region; r = pool.claim(0)) {
    if (now[r]) give_up(name, "a region was handed out twice");
    now[r] = true;
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!now[i]) give_up(name, "a region was lost");
  }
}

OpenCell open(unsigned percent) {
  const InUse in_use = regions_in_use(percent);
  const auto table = std::make_shared<TablePool>(in_use);
  const auto space = std::make_shared<SpacePool>(in_use);
  const auto set = std::make_shared<BaselinePool<baselines::LockedFreeSet<>>>(in_use);
  using SpinningSet = baselines::LockedFreeSet<baselines::AdaptiveMutex>;
  const auto spinning_set = std::make_shared<BaselinePool<SpinningSet>>(in_use);
  const auto stack = std::make_shared<BaselinePool<baselines::FreeStack>>(in_use);
  OpenCell cell;
  TimersByName timers;
  for (const unsigned threads : thread_counts) {
    add_sides(table, threads, "table", cell.sides, timers);
    add_sides(space, threads, "space", cell.sides, timers);
    add_sides(set, threads, "mutex_set", cell.sides, timers);
    add_sides(spinning_set, threads, "spinning_set", cell.sides, timers);
    add_sides(stack, threads, "stack", cell.sides, timers);
  }
  cell.count = [timers](const std::string& side, const Samples& samples) {
    return count(side, samples, timers);
  };
  cell.check = [=] {
    check(*table, in_use, "table");
    check(*space, in_use, "space");
    check(*set, in_use, "mutex_set");
    check(*spinning_set, in_use, "spinning_set");
    check(*stack, in_use, "stack");
  };
  return cell;
}

}  // namespace

void register_claim_cells() {
  for (const unsigned percent : {50u, 95u}) {
    std::vector<std::string> names;
    for (const unsigned threads : thread_counts) {
      for (const char* name : {"table", "space", "mutex_set", "spinning_set", "stack"}) {
        names.push_back(side_name(threads, name));
      }
    }
    register_cell({"claim/full:" + std::to_string(percent), names, [percent] { return open(percent); },
                   turns_of(11, 20e6, Clock::Wall)});
  }
}

}  // namespace shunt::bench
