// A plan and its forwarding table for a small heap that never existed: one region of page-sized objects,
// whose pages move, and one of sparse small objects, which are copied.
//
// Real marks, real plan, real forwarding; only the objects' bytes are missing, which forwarding never reads.
#pragma once

#include <vector>

#include "plan/forwarding.hpp"

namespace shunt::bench {

class EvacuatedHeap {
 public:
  explicit EvacuatedHeap(const HeapGeometry&);

  const ForwardingTable& forwarding() const { return forwarding_; }
  RegionIndex moved_region() const { return RegionIndex{0}; }
  RegionIndex copied_region() const { return RegionIndex{1}; }
  // Interior addresses of live objects, in random order.
  std::vector<Address> addresses_in(RegionIndex, std::size_t count) const;

 private:
  struct Object {
    Address start;
    std::size_t bytes;
  };
  void fill_with_pages();
  void fill_with_small_objects();
  void add(AddressRange object, bool live);
  ForwardingTable build();

  HeapGeometry geometry_;
  std::vector<std::uint64_t> words_;
  MarkBitmap marks_;
  std::vector<std::uint64_t> starts_;
  std::vector<Object> objects_{};  // live ones
  std::vector<std::byte> plan_memory_{};
  std::vector<std::byte> forwarding_memory_{};
  ForwardingTable forwarding_;
};

}  // namespace shunt::bench
