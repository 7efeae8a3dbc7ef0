// Threads that start together, the search for a turn's length, and the rounds.
#include "support/turns.hpp"

#include <time.h>

#include <algorithm>
#include <barrier>
#include <numeric>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "support/environment.hpp"

namespace shunt::bench {
namespace {

double cpus_of(const Side& side) {
  return static_cast<double>(std::min<std::size_t>(side.threads, usable_cpus().size()));
}

struct Span {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t cpu;  // nanoseconds that the thread ran
};

std::uint64_t cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

Span timed_work(const Side& side, unsigned thread, std::uint64_t operations) {
  const std::uint64_t start = nanoseconds_now(), cpu = cpu_nanoseconds();
  side.work(thread, operations);
  return {start, nanoseconds_now(), cpu_nanoseconds() - cpu};
}

std::vector<Span> on_all_threads(const Side& side, std::uint64_t operations) {
  const std::vector<int>& cpus = usable_cpus();
  std::vector<Span> spans(side.threads);
  std::barrier ready(static_cast<std::ptrdiff_t>(side.threads));
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < side.threads; ++i) {
    threads.emplace_back([&, i] {
      stay_on_cpu(cpus[i % cpus.size()]);
      ready.arrive_and_wait();
      spans[i] = timed_work(side, i, operations);
    });
  }
  threads.clear();
  return spans;
}

// Nanoseconds of one CPU for each operation; `operations` is of each thread.
double nanoseconds_each(const Side& side, std::uint64_t operations, Clock clock) {
  const std::vector<Span> spans =
      side.threads == 1 ? std::vector{timed_work(side, 0, operations)} : on_all_threads(side, operations);
  const double total = static_cast<double>(operations) * side.threads;
  if (clock == Clock::Cpu || side.threads == 1) {
    std::uint64_t ran = 0;
    for (const Span& span : spans) ran += span.cpu;
    return static_cast<double>(ran) / total;
  }
  const std::uint64_t start = std::ranges::min(spans, {}, &Span::start).start;
  const std::uint64_t end = std::ranges::max(spans, {}, &Span::end).end;
  return static_cast<double>(end - start) * cpus_of(side) / total;
}

// The fastest of three, so that a moment without a CPU does not pass for a long turn.
double fastest_each(const Side& side, std::uint64_t operations, Clock clock) {
  double best = nanoseconds_each(side, operations, clock);
  for (int again = 0; again < 2; ++again) best = std::min(best, nanoseconds_each(side, operations, clock));
  return best;
}

// Of each thread, for a turn as long as is wanted.
std::uint64_t operations_for(const Side& side, const TurnLength& length) {
  for (std::uint64_t operations = 16;; operations *= 4) {
    const double each = fastest_each(side, operations, length.clock);
    const double turn = each * static_cast<double>(operations) * side.threads / cpus_of(side);
    if (turn > length.nanoseconds / 8) {
      return std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(static_cast<double>(operations) * length.nanoseconds / turn));
    }
  }
}

// Every side once, in random order, those with as many threads next to each other: they are compared most.
std::vector<std::size_t> order_of_a_round(const std::vector<Side>& sides, std::mt19937_64& random) {
  std::vector<std::size_t> order(sides.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::shuffle(order, random);
  std::map<unsigned, std::size_t> place_of_threads;
  for (const std::size_t i : order) place_of_threads.try_emplace(sides[i].threads, place_of_threads.size());
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return place_of_threads.at(sides[i].threads); });
  return order;
}

}  // namespace

Samples take_turns(const std::vector<Side>& sides, const TurnLength& length) {
  stay_on_cpu(usable_cpus().front());
  std::vector<std::uint64_t> operations;
  for (const Side& side : sides) operations.push_back(operations_for(side, length));
  std::mt19937_64 random(length.rounds);
  Samples samples;
  for (unsigned round = 0; round <= length.rounds; ++round) {
    for (const std::size_t i : order_of_a_round(sides, random)) {
      const double each = nanoseconds_each(sides[i], operations[i], length.clock);
      if (round != 0) samples[sides[i].name].push_back(each);
    }
  }
  return samples;
}

}  // namespace shunt::bench
