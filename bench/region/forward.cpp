// forward() of moved and of copied objects, hot: the region word says Forwarding and where, the forwarding
// table does the arithmetic.
//
// `latency`: each address waits for the answer before. `throughput`: they do not. `chain` is latency's loop
// without the call: part of every latency.
#include <memory>

#include "region/bare_table.hpp"
#include "region/cell.hpp"
#include "region/evacuated_heap.hpp"
#include "region/region_bench.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint32_t regions = 8;
constexpr std::size_t hot_addresses = 512;  // a power of two

struct World {
  World() {
    for (std::uint32_t i = 0; i < 2; ++i) {
      const RegionIndex r = bare.table.claim(RegionKind::Small);
      const std::uint32_t slot = heap.forwarding().slot_of(bare.geometry.start_of(r));
      bare.table.transition(r, RegionState::Allocating, RegionState::Live);
      bare.table.transition(r, RegionState::Live, RegionState::Selected, slot);
      bare.table.transition(r, RegionState::Selected, RegionState::Forwarding);
    }
    for (const auto* addresses : {&moved, &copied}) {
      for (const Address a : *addresses) {
        const Address to = bare.table.forward(a, heap.forwarding());
        if (to == a || to != heap.forwarding().forward(a)) give_up("forward", "wrong answers");
      }
    }
  }
  BareTable bare{regions};
  EvacuatedHeap heap{bare.geometry};
  std::vector<Address> moved = heap.addresses_in(heap.moved_region(), hot_addresses);
  std::vector<Address> copied = heap.addresses_in(heap.copied_region(), hot_addresses);
};

// The top bit of an answer is never set, which the compiler does not know: adding it makes the next address
// wait.
template <class Forward>
[[gnu::noinline]] std::uint64_t one_by_one(const Address* addresses, std::uint64_t operations,
                                           const Forward forward_one) {
  Address last = Address::null;
  for (std::uint64_t i = 0; i < operations; ++i) {
    last = forward_one(addresses[i % hot_addresses] + (value(last) >> 63));
  }
  return value(last);
}

template <class Forward>
[[gnu::noinline]] std::uint64_t side_by_side(const Address* addresses, std::uint64_t operations,
                                             const Forward forward_one) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < operations; ++i) sum += value(forward_one(addresses[i % hot_addresses]));
  return sum;
}

template <class Loop>
void add_side(const std::shared_ptr<World>& world, unsigned threads, const char* name, Loop loop,
              std::vector<Side>& sides) {
  sides.push_back({side_name(threads, name), threads, [world, loop](unsigned, std::uint64_t operations) {
                     volatile std::uint64_t kept = loop(operations);
                     static_cast<void>(kept);
                   }});
}

OpenCell open() {
  const auto world = std::make_shared<World>();
  OpenCell cell{{}, [](const std::string& side, const Samples& samples) -> Counters {
                  const std::string threads = side.substr(0, side.find('/') + 1);
                  return {
                      {"ns_per_call", median(samples.at(side))},
                      {"over_chain_ns", paired_difference(samples.at(side), samples.at(threads + "chain"))}};
                }};
  const Address *const moved = world->moved.data(), *const copied = world->copied.data();
  const auto call = [table = world->bare.table, forwarding = &world->heap.forwarding()](Address a) {
    return table.forward(a, *forwarding);
  };
  const auto nothing = [](Address a) { return a; };
  for (const unsigned threads : thread_counts) {
    const auto add = [&](const char* name, auto loop) { add_side(world, threads, name, loop, cell.sides); };
    add("chain", [=](std::uint64_t n) { return one_by_one(moved, n, nothing); });
    add("moved_latency", [=](std::uint64_t n) { return one_by_one(moved, n, call); });
    add("copied_latency", [=](std::uint64_t n) { return one_by_one(copied, n, call); });
    add("moved_throughput", [=](std::uint64_t n) { return side_by_side(moved, n, call); });
    add("copied_throughput", [=](std::uint64_t n) { return side_by_side(copied, n, call); });
  }
  return cell;
}

}  // namespace

void register_forward_cells() {
  std::vector<std::string> names;
  for (const unsigned threads : thread_counts) {
    for (const char* name :
         {"chain", "moved_latency", "copied_latency", "moved_throughput", "copied_throughput"}) {
      names.push_back(side_name(threads, name));
    }
  }
  register_cell({"forward", names, open, turns_of(21, 4e6, Clock::Cpu)});
}

}  // namespace shunt::bench
