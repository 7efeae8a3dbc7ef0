// Threads that start together, the search for a turn's length, and the rounds.
#include "support/turns.hpp"

#include <algorithm>
#include <barrier>
#include <thread>

#include "base/clock.hpp"
#include "support/environment.hpp"

namespace shunt::bench {
namespace {

struct Span {
  std::uint64_t start;
  std::uint64_t end;
};

Span timed_work(const Side& side, unsigned thread, std::uint64_t operations) {
  const std::uint64_t start = nanoseconds_now();
  side.work(thread, operations);
  return {start, nanoseconds_now()};
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

// Elapsed nanoseconds; `operations` is of each thread.
double elapsed(const Side& side, std::uint64_t operations) {
  std::vector<Span> spans;
  if (side.threads == 1) {
    spans.push_back(timed_work(side, 0, operations));
  } else {
    spans = on_all_threads(side, operations);
  }
  const std::uint64_t start = std::ranges::min(spans, {}, &Span::start).start;
  const std::uint64_t end = std::ranges::max(spans, {}, &Span::end).end;
  return static_cast<double>(std::max<std::uint64_t>(end - start, 1));
}

std::uint64_t operations_for(const Side& side, double nanoseconds) {
  std::uint64_t operations = 16;
  for (;;) {
    const double took = elapsed(side, operations);
    if (took > nanoseconds / 4) {
      return std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(static_cast<double>(operations) * nanoseconds / took));
    }
    operations *= took > nanoseconds / 64 ? 2 : 8;
  }
}

}  // namespace

Samples take_turns(const std::vector<Side>& sides, const TurnLength& length) {
  stay_on_cpu(usable_cpus().front());
  std::vector<std::uint64_t> operations;
  for (const Side& side : sides) operations.push_back(operations_for(side, length.nanoseconds));
  Samples samples;
  for (unsigned round = 0; round <= length.rounds; ++round) {
    for (std::size_t turn = 0; turn < sides.size(); ++turn) {
      const std::size_t i = (turn + round) % sides.size();
      const double took = elapsed(sides[i], operations[i]);
      const auto busy = static_cast<double>(std::min<std::size_t>(sides[i].threads, usable_cpus().size()));
      const double total = static_cast<double>(operations[i]) * sides[i].threads;
      if (round != 0) samples[sides[i].name].push_back(took * busy / total);
    }
  }
  return samples;
}

}  // namespace shunt::bench
