// A known bug of lock-free programs, and its cure: popping from an index-based free list with a head that has
// no version, so that a head that came back (ABA) is taken for one that never left.
#include "support/check.hpp"
#include "support/explorer/program.hpp"

using namespace shunt::testing;

namespace {

// Nodes 1, 2, 3 in that order; 0 is the end. The head's upper half counts pops if `counts`.
struct FreeList {
  Simulated<std::uint64_t> head;
  std::array<Simulated<std::uint32_t>, 4> next;
  std::array<std::uint32_t, 3> kept{};

  FreeList() {
    head.store(1);
    for (std::uint32_t n = 1; n <= 3; ++n) next[n].store(n % 3 == 0 ? 0 : n + 1);
    head.name("head");
    for (int n = 0; n < 4; ++n) next[unsigned(n)].name("next", n);
  }
  std::uint32_t pop(bool counts) {
    std::uint64_t seen = head.load(std::memory_order_acquire);
    while (std::uint32_t(seen) != 0) {
      const std::uint64_t after = next[std::uint32_t(seen)].load(std::memory_order_relaxed);
      const std::uint64_t count = (seen >> 32) + (counts ? 1 : 0);
      if (head.compare_exchange_strong(seen, count << 32 | after, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
        break;
      }
    }
    return std::uint32_t(seen);
  }
  void push(std::uint32_t node) {
    std::uint64_t seen = head.load(std::memory_order_relaxed);
    do {
      next[node].store(std::uint32_t(seen), std::memory_order_relaxed);
    } while (!head.compare_exchange_weak(seen, (seen >> 32) << 32 | node, std::memory_order_release,
                                         std::memory_order_relaxed));
  }
};

// One thread pops two and gives the first back while others pop one each.
Program<FreeList> pops(bool counts, unsigned others) {
  Program<FreeList> program;
  program.threads = {[=](FreeList& list) {
    const std::uint32_t first = list.pop(counts);
    list.kept[0] = list.pop(counts);
    if (first != 0) list.push(first);
  }};
  for (unsigned t = 1; t <= others; ++t) {
    program.threads.push_back([=](FreeList& list) { list.kept[t] = list.pop(counts); });
  }
  program.finish = [](FreeList& list) {
    std::array<unsigned, 4> owners{};
    for (const std::uint32_t node : list.kept) ++owners[node];
    for (std::uint32_t node = std::uint32_t(list.head.load()); node != 0; node = list.next[node].load()) {
      require(++owners[node] <= 3, "the list has a circle");
    }
    for (unsigned node = 1; node <= 3; ++node) {
      require(owners[node] == 1, "each node is kept by one thread or in the list");
    }
  };
  return program;
}

}  // namespace

TEST_CASE("ABA of a free list without versions is found, with versions there is none") {
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    for (const unsigned others : {1u, 2u}) {
      Options options;
      options.mode = mode;
      const Report wrong = explore(pops(false, others), options);
      CHECK_FALSE(wrong.violation.empty());
      const Report right = explore(pops(true, others), options);
      CHECK_MESSAGE(right.holds(), right.text());
      MESSAGE(right.text());
    }
  }
}
