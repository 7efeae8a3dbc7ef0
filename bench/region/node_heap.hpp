// A heap of one-line nodes spread over regions, for the load barrier: every node names the next of one cycle
// through all of them, in random order, and an array names all nodes, in another order.
//
// Memory is real and holds the nodes; every region is Live, so every barrier takes its fast path. Nothing
// moves while it is measured. Read by any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "os/reservation.hpp"
#include "region/region_space.hpp"

namespace shunt::bench {

struct alignas(64) Node {
  std::atomic<Node*> next;
  std::uint64_t value;
};

struct NodeHeapShape {
  const char* name;
  std::uint32_t regions;
  std::uint32_t pages;  // of each region that hold nodes, from its start
  std::size_t nodes;    // on random lines of those pages
};

class NodeHeap {
 public:
  explicit NodeHeap(const NodeHeapShape&);

  RegionTable table() const { return space_.table(); }
  // The i-th of the nodes in random order, wrapping.
  Node* node(std::size_t i) const { return references_[i % references_.size()]; }
  const std::vector<Node*>& references() const { return references_; }

 private:
  void place(const NodeHeapShape&);
  void link();

  os::Reservation memory_;
  RegionSpace space_;
  std::vector<Node*> references_{};  // what a scan reads: at most a million
};

}  // namespace shunt::bench
