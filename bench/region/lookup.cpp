// Look-up of random addresses: what region is this in, and in what state is it?
//
// Heaps whose words fit the first-level cache, the second, and none. All sides answer the same question for
// the same addresses, and are checked to answer the same. Each look-up is independent of the one before, so
// what counts is instructions and, where words are not in a cache, how many misses can be under way at once.
#include <algorithm>
#include <memory>
#include <random>

#include "locked_map.hpp"
#include "radix_tree.hpp"
#include "region/bare_table.hpp"
#include "region/cell.hpp"
#include "region/region_bench.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint32_t regions_in_l1 = 2048;
constexpr std::uint32_t regions_of_64_gib = 32'768;
constexpr std::uint32_t regions_of_16_tib = 8u << 20;

// The words in all four forms. The array lies in the same kind of memory as the table's words.
struct World {
  explicit World(std::uint32_t regions)
      : bare(regions), array_memory(map_or_give_up(regions * sizeof(std::uint64_t))) {
    array = array_memory.as_array<std::uint64_t>().data();
    std::mt19937_64 random(regions);
    for (std::uint32_t i = 0; i < regions; ++i) fill(bare.table.claim(RegionKind::Small), random() % 3);
    for (std::size_t i = 0; i < addresses_for(regions); ++i) {
      addresses.push_back(bare.geometry.base + random() % bare.geometry.bytes());
    }
  }
  // A power of two; enough to touch most lines of the words, as far as 8 MiB of addresses go.
  static std::size_t addresses_for(std::uint32_t regions) {
    return std::clamp<std::size_t>(regions / 4, 1024, std::size_t{1} << 20);
  }
  // Allocating, Live or Selected.
  void fill(RegionIndex r, std::uint64_t steps) {
    RegionTable& table = bare.table;
    if (steps > 0) table.transition(r, RegionState::Allocating, RegionState::Live);
    if (steps > 1) table.transition(r, RegionState::Live, RegionState::Selected);
    const std::uint64_t word = table.word(r).bits();
    array[value(r)] = word;
    radix.set(bare.geometry.start_of(r), word);
    map.set(bare.geometry.range_of(r), word);
  }

  BareTable bare;
  os::MetadataMemory array_memory;
  std::uint64_t* array;
  baselines::RadixTree<21> radix{};
  baselines::LockedMap map{};
  std::vector<Address> addresses{};
};

// The sum of the states, so that no look-up can be left out.
template <class Find>
[[gnu::noinline]] std::uint64_t sum_of_states(const std::vector<Address>& addresses, std::size_t first,
                                              std::uint64_t operations, const Find find) {
  const Address* const all = addresses.data();
  const std::size_t mask = addresses.size() - 1;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < operations; ++i) sum += static_cast<unsigned>(find(all[(first + i) & mask]));
  return sum;
}

struct alignas(64) Place {
  std::size_t next = 0;
};

template <class Find>
Side side_of(const std::shared_ptr<World>& world, unsigned threads, const char* name, Find find) {
  const auto sum = [world, find](std::size_t first, std::uint64_t operations) {
    return sum_of_states(world->addresses, first, operations, find);
  };
  const auto expected = [&](Address a) {
    return RegionWord{world->array[value(world->bare.table.region_of(a))]}.state();
  };
  const std::size_t all = world->addresses.size();
  if (sum(0, all) != sum_of_states(world->addresses, 0, all, expected)) give_up(name, "wrong answers");
  // Each thread goes on where its last turn ended, so that a turn does not find its words in the cache.
  const auto places = std::make_shared<std::vector<Place>>(threads);
  for (unsigned i = 0; i < threads; ++i) (*places)[i].next = all / threads * i;
  return {side_name(threads, name), threads, [sum, places](unsigned thread, std::uint64_t operations) {
            volatile std::uint64_t kept = sum((*places)[thread].next, operations);
            static_cast<void>(kept);
            (*places)[thread].next += operations;
          }};
}

void add_sides(const std::shared_ptr<World>& world, unsigned threads, std::vector<Side>& sides) {
  const RegionTable table = world->bare.table;
  const auto word = [](std::uint64_t bits) { return RegionWord{bits}.state(); };
  const std::uint64_t* const array = world->array;
  const Address base = world->bare.geometry.base;
  const unsigned shift = world->bare.geometry.region_shift;
  sides.push_back(side_of(world, threads, "array",
                          [=](Address a) { return word(array[(value(a) - value(base)) >> shift]); }));
  sides.push_back(side_of(world, threads, "lookup", [=](Address a) { return table.lookup(a).state(); }));
  sides.push_back(side_of(world, threads, "state", [=](Address a) { return table.state(a); }));
  sides.push_back(
      side_of(world, threads, "radix", [=, w = world.get()](Address a) { return word(w->radix.find(a)); }));
  sides.push_back(
      side_of(world, threads, "map", [=, w = world.get()](Address a) { return word(w->map.find(a)); }));
}

Counters ratios(const std::string& side, const Samples& samples) {
  const std::string threads = side.substr(0, side.find('/') + 1);
  const auto time_over = [&](const char* other) {
    return paired_ratio(samples.at(side), samples.at(threads + other));
  };
  // Below 1 is faster.
  return {{"ratio_vs_array", time_over("array")},
          {"ratio_vs_radix", time_over("radix")},
          {"ratio_vs_map", time_over("map")}};
}

OpenCell open(std::uint32_t regions) {
  const auto world = std::make_shared<World>(regions);
  OpenCell cell{{}, ratios};
  for (const unsigned threads : thread_counts) add_sides(world, threads, cell.sides);
  return cell;
}

}  // namespace

void register_lookup_cells() {
  for (const std::uint32_t regions : {regions_in_l1, regions_of_64_gib, regions_of_16_tib}) {
    if (regions == regions_of_16_tib && is_quick()) continue;
    std::vector<std::string> names;
    for (const unsigned threads : thread_counts) {
      for (const char* name : {"array", "lookup", "state", "radix", "map"}) {
        names.push_back(side_name(threads, name));
      }
    }
    register_cell({"lookup/regions:" + std::to_string(regions), names, [regions] { return open(regions); },
                   turns_of(31, 4e6, Clock::Cpu)});
  }
}

}  // namespace shunt::bench
