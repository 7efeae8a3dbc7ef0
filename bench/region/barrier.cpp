// The load barrier's fast path: what does it add to loading a reference?
//
// `chase` follows a cycle, each load waiting for the one before (latency); `scan` reads an array of
// references and the nodes they name (throughput). Both bare, and through a barrier that looks the
// reference's region up and branches if what was there has moved. The slow path is real, but no region here
// is Forwarding.
#include <memory>

#include "plan/forwarding.hpp"
#include "region/cell.hpp"
#include "region/node_heap.hpp"
#include "region/region_bench.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

struct NoBarrier {
  Node* load(const std::atomic<Node*>& slot) const { return slot.load(std::memory_order_relaxed); }
};

class LoadBarrier {
 public:
  explicit LoadBarrier(const NodeHeap& heap) : table_(heap.table()) {}
  Node* load(std::atomic<Node*>& slot) const {
    Node* const node = slot.load(std::memory_order_relaxed);
    const RegionWord word = table_.lookup(address_of(node));
    if (word.is_forwarded()) [[unlikely]]
      return heal(slot, node, word.payload());
    return node;
  }

 private:
  [[gnu::noinline, gnu::cold]] static Node* heal(std::atomic<Node*>& slot, Node* stale,
                                                 std::uint32_t region) {
    static const ForwardingTable forwarding{};
    Node* const moved = pointer_to<Node>(forwarding.forward_in_slot(region, address_of(stale)));
    slot.compare_exchange_strong(stale, moved, std::memory_order_relaxed);
    return moved;
  }
  RegionTable table_;
};

template <class Barrier>
[[gnu::noinline]] Node* chase(Node* node, std::uint64_t operations, const Barrier barrier) {
  for (std::uint64_t i = 0; i < operations; ++i) node = barrier.load(node->next);
  return node;
}

template <class Barrier>
[[gnu::noinline]] std::uint64_t scan(std::atomic<Node*>* references, std::size_t mask, std::size_t first,
                                     std::uint64_t operations, const Barrier barrier) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < operations; ++i) sum += barrier.load(references[(first + i) & mask])->value;
  return sum;
}

struct World {
  explicit World(const NodeHeapShape& shape) : heap(shape), references(shape_of_scan()) {
    for (std::size_t i = 0; i < references.size(); ++i) references[i].store(heap.node(i));
  }
  std::size_t shape_of_scan() const {
    return std::size_t{1} << (std::bit_width(heap.references().size()) - 1);
  }
  NodeHeap heap;
  std::vector<std::atomic<Node*>> references;
};

template <class Barrier>
void add_sides(const std::shared_ptr<World>& world, unsigned threads, const std::string& suffix,
               Barrier barrier, std::vector<Side>& sides) {
  // Each thread goes on where its last turn ended, so that a short turn does not find its nodes in the cache.
  struct alignas(64) Place {
    Node* node;
    std::size_t scanned;
  };
  const auto places = std::make_shared<std::vector<Place>>();
  for (unsigned i = 0; i < threads; ++i) {
    const std::size_t start = world->references.size() / threads * i;
    places->push_back({world->heap.node(start), start});
  }
  sides.push_back({side_name(threads, "chase" + suffix), threads,
                   [places, world, barrier](unsigned thread, std::uint64_t operations) {
                     Place& place = (*places)[thread];
                     place.node = chase(place.node, operations, barrier);
                   }});
  sides.push_back({side_name(threads, "scan" + suffix), threads,
                   [places, world, barrier](unsigned thread, std::uint64_t operations) {
                     Place& place = (*places)[thread];
                     volatile std::uint64_t kept =
                         scan(world->references.data(), world->references.size() - 1, place.scanned,
                              operations, barrier);
                     static_cast<void>(kept);
                     place.scanned += operations;
                   }});
}

Counters extra(const std::string& side, const Samples& samples) {
  if (!side.ends_with("_barrier")) return {};
  const std::string bare = side.substr(0, side.find("_barrier")) + "_bare";
  const double ratio = paired_ratio(samples.at(side), samples.at(bare));
  return {{"extra_ns", paired_difference(samples.at(side), samples.at(bare))},
          {"extra_percent", (ratio - 1) * 100}};
}

OpenCell open(const NodeHeapShape& shape) {
  const auto world = std::make_shared<World>(shape);
  OpenCell cell{{}, extra};
  for (const unsigned threads : thread_counts) {
    add_sides(world, threads, "_bare", NoBarrier{}, cell.sides);
    add_sides(world, threads, "_barrier", LoadBarrier(world->heap), cell.sides);
  }
  return cell;
}

}  // namespace

void register_barrier_cells() {
  const std::uint32_t big = is_quick() ? 128 : 512;
  const NodeHeapShape shapes[] = {{"L1", 8, 4, 256},      // 16 KiB of nodes on 32 pages
                                  {"L2", 64, 8, 16'384},  // 1 MiB on 512 pages
                                  {"memory", big, 512, std::size_t{big} << (huge_page_shift - 6)}};
  for (const NodeHeapShape& shape : shapes) {
    std::vector<std::string> names;
    for (const unsigned threads : thread_counts) {
      for (const char* name : {"chase_bare", "chase_barrier", "scan_bare", "scan_barrier"}) {
        names.push_back(side_name(threads, name));
      }
    }
    register_cell({"barrier/" + std::string(shape.name), names, [shape] { return open(shape); },
                   turns_of(31, 8e6, Clock::Cpu)});
  }
}

}  // namespace shunt::bench
