// The list under its mutex. Nodes stand in an array by region, so a node's place names its region.
#include "region/quarantine.hpp"

#include <new>

namespace shunt {

Result<Quarantine> Quarantine::open(const os::SystemCalls& kernel, std::uint32_t region_count) {
  auto queue = os::MetadataMemory::map(kernel, sizeof(Queue));
  if (!queue) return queue.error();
  auto nodes = os::MetadataMemory::map(kernel, std::size_t{region_count} * sizeof(Node));
  if (!nodes) return nodes.error();
  Quarantine quarantine;
  quarantine.queue_memory_ = queue.take();
  quarantine.nodes_memory_ = nodes.take();
  // Never destroyed: it goes with its memory, and owns nothing.
  quarantine.queue_ = new (quarantine.queue_memory_.bytes().data()) Queue;
  quarantine.nodes_ = quarantine.nodes_memory_.as_array<Node>().data();
  return Result<Quarantine>(std::move(quarantine));
}

bool Quarantine::add(RegionIndex head, std::uint32_t span, Epochs& epochs) {
  Node& node = nodes_[value(head)];
  const std::lock_guard lock(queue_->mutex);
  if (node.hook.is_linked()) return false;
  // Under the mutex, so that the list is in the order of the stamps.
  node.stamp = epochs.retire();
  node.span = span;
  queue_->waiting.push_back(node);
  queue_->regions.fetch_add(span, std::memory_order_relaxed);
  note_first();
  return true;
}

RegionIndex Quarantine::take_below(std::uint64_t stamp) {
  const std::lock_guard lock(queue_->mutex);
  if (queue_->waiting.empty() || queue_->waiting.front().stamp >= stamp) return RegionIndex::none;
  Node& node = queue_->waiting.front();
  queue_->waiting.pop_front();
  queue_->regions.fetch_sub(node.span, std::memory_order_relaxed);
  note_first();
  return RegionIndex{static_cast<std::uint32_t>(&node - nodes_)};
}

void Quarantine::note_first() {
  const std::uint64_t first = queue_->waiting.empty() ? 0 : queue_->waiting.front().stamp;
  queue_->oldest.store(first, std::memory_order_relaxed);
}

}  // namespace shunt
