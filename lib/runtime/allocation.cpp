// Classifying requests without overflow, and saying why one was refused.
#include "runtime/allocation.hpp"

#include <cstdio>

namespace shunt {
namespace {

AllocationClass refused(Refusal why, std::uint64_t regions) {
  return {AllocationPath::Refused, why, 0, 0, regions};
}

const char* advice_for(Refusal refusal) {
  switch (refusal) {
    case Refusal::None:
      return "";
    case Refusal::OutOfRegions:
      return "free or compact until enough Free regions meet, or open a bigger heap";
    case Refusal::LargerThanHeap:
      return "open a bigger heap, or ask for less";
    case Refusal::AlignmentAboveRegion:
      return "ask for an alignment up to the region size, or open with bigger regions";
    case Refusal::AlignmentNotPowerOfTwo:
      return "ask for an alignment that is a power of two";
  }
  return "";
}

}  // namespace

AllocationClass classify(const HeapGeometry& geometry, std::size_t size, std::size_t alignment) {
  const std::size_t granule = geometry.granule_bytes(), region = geometry.region_bytes();
  if (size == 0) size = 1;
  if (alignment < granule) alignment = (alignment & (alignment - 1)) == 0 ? granule : alignment;
  // Before anything is rounded up: what is bigger than the heap could overflow.
  const std::uint64_t regions = size / region + (size % region != 0 ? 1 : 0);
  if ((alignment & (alignment - 1)) != 0) return refused(Refusal::AlignmentNotPowerOfTwo, regions);
  if (alignment > region) return refused(Refusal::AlignmentAboveRegion, regions);
  if (regions > geometry.region_count) return refused(Refusal::LargerThanHeap, regions);

  const std::size_t whole_pages = align_up(size, page_bytes);
  if (alignment > page_bytes || whole_pages > region / 2) {
    return {AllocationPath::Large, Refusal::None, whole_pages, alignment, regions};
  }
  if (size >= medium_threshold_bytes)
    return {AllocationPath::Medium, Refusal::None, whole_pages, alignment, 1};
  const AllocationPath path = alignment == granule ? AllocationPath::Small : AllocationPath::Aligned;
  return {path, Refusal::None, align_up(size, granule), alignment, 1};
}

Error error_of(const Allocation& allocation) { return {"allocate", 0, advice_for(allocation.refusal)}; }

std::size_t describe(const Allocation& allocation, const HeapGeometry& geometry, std::span<char> out) {
  int length = 0;
  const unsigned long long asked = allocation.regions_asked, region_kib = geometry.region_bytes() >> 10;
  if (allocation.ok()) {
    length = std::snprintf(out.data(), out.size(), "allocated %zu bytes", allocation.bytes);
  } else {
    length = std::snprintf(
        out.data(), out.size(),
        "cannot allocate: %llu contiguous region%s of %llu KiB asked for, the heap has %u in all: %s", asked,
        asked == 1 ? "" : "s", region_kib, geometry.region_count, advice_for(allocation.refusal));
  }
  return static_cast<std::size_t>(length);
}

}  // namespace shunt
