// Choosing lines for the nodes, and tying them into one cycle.
#include "region/node_heap.hpp"

#include <algorithm>
#include <new>
#include <random>

#include "region/cell.hpp"

namespace shunt::bench {
namespace {

constexpr std::size_t most_references = std::size_t{1} << 20;
constexpr std::size_t lines_a_page = page_bytes / sizeof(Node);

os::Reservation reserve(std::uint32_t regions) {
  Result<os::Reservation> memory = os::Reservation::reserve(
      os::SystemCalls::real(),
      {std::size_t{regions} << huge_page_shift, 0, huge_page_bytes, os::HugePageAdvice::Never, false});
  if (!memory) give_up(memory.error().operation, memory.error().advice);
  if (auto committed = memory.value().commit(memory.value().range()); !committed) {
    give_up(committed.error().operation, committed.error().advice);
  }
  return memory.take();
}

RegionSpace open_space(AddressRange range, std::uint32_t regions) {
  Result<RegionSpace> space =
      RegionSpace::open(os::SystemCalls::real(), {range.start, huge_page_shift, 4, regions});
  if (!space) give_up(space.error().operation, space.error().advice);
  return space.take();
}

}  // namespace

NodeHeap::NodeHeap(const NodeHeapShape& shape)
    : memory_(reserve(shape.regions)), space_(open_space(memory_.range(), shape.regions)) {
  for (std::uint32_t i = 0; i < shape.regions; ++i) {
    const Result<RegionIndex> r = space_.claim(RegionKind::Small);
    if (!r || !space_.retire(r.value())) give_up("node heap", "no region");
  }
  place(shape);
  link();
  std::shuffle(references_.begin(), references_.end(), std::mt19937_64(2));
  references_.resize(std::min(references_.size(), most_references));
}

void NodeHeap::place(const NodeHeapShape& shape) {
  const std::size_t lines_a_region = shape.pages * lines_a_page;
  std::vector<std::uint32_t> lines(shape.regions * lines_a_region);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = static_cast<std::uint32_t>(i);
  std::shuffle(lines.begin(), lines.end(), std::mt19937_64(1));
  for (std::size_t i = 0; i < shape.nodes; ++i) {
    const std::size_t region = lines[i] / lines_a_region, line = lines[i] % lines_a_region;
    const Address at = memory_.range().start + (region << huge_page_shift) + line * sizeof(Node);
    references_.push_back(new (pointer_to(at)) Node{nullptr, i});
  }
}

// The lines are in random order already: each node's next is the one behind it.
void NodeHeap::link() {
  for (std::size_t i = 0; i < references_.size(); ++i) {
    references_[i]->next.store(node(i + 1), std::memory_order_relaxed);
  }
}

}  // namespace shunt::bench
