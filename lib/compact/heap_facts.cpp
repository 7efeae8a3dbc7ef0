// From region words, records and huge-page bits to the facts that the planner is given.
#include "compact/heap_facts.hpp"

#include <algorithm>

#include "os/page_residency.hpp"

namespace shunt {
namespace {

RegionContent content_of(RegionWord word) {
  if (word.is_pinned() && !is_large(word.kind())) return RegionContent::Pinned;
  switch (word.kind()) {
    case RegionKind::Medium:
      return RegionContent::Medium;
    case RegionKind::LargeHead:
      return word.is_pinned() ? RegionContent::Pinned : RegionContent::LargeHead;
    case RegionKind::LargeTail:
      return RegionContent::LargeTail;
    case RegionKind::Aligned:
      return RegionContent::Aligned;
    case RegionKind::Pinned:
      return RegionContent::Pinned;
    case RegionKind::Small:
      break;
  }
  return RegionContent::Small;
}

std::size_t huge_blocks_below_high_water(const RegionSpace& regions) {
  const HeapGeometry& g = regions.geometry();
  const std::size_t used = std::size_t{regions.table().high_water()} << g.region_shift;
  return align_up(used, huge_page_bytes) >> huge_page_shift;
}

// The bits of one region's blocks; a region smaller than a block takes the bit of the block that it lies in.
std::uint16_t huge_bits_of(const HeapGeometry& g, RegionIndex region, std::span<const std::uint64_t> bits) {
  const std::size_t first = (std::size_t{value(region)} << g.region_shift) >> huge_page_shift;
  const std::size_t count = std::max<std::size_t>(1, g.region_bytes() >> huge_page_shift);
  std::uint16_t result = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    if (block / 64 < bits.size() && (bits[block / 64] >> (block % 64) & 1) != 0) {
      result = static_cast<std::uint16_t>(result | 1u << i);
    }
  }
  return result;
}

std::span<const std::uint64_t> find_huge_blocks(const os::SystemCalls& kernel, const RegionSpace& regions,
                                                Arena& arena) {
  const std::size_t blocks = huge_blocks_below_high_water(regions);
  const std::span<std::uint64_t> bits = arena.allocate_array<std::uint64_t>((blocks + 63) / 64);
  const HeapGeometry& g = regions.geometry();
  const AddressRange used{g.base,
                          std::min(blocks << huge_page_shift, align_down(g.bytes(), huge_page_bytes))};
  if (bits.empty() || used.bytes == 0) return {};
  const auto found = os::PageReader::open(kernel).huge_blocks(used, bits);
  return found && found.value().known ? bits : std::span<const std::uint64_t>{};
}

}  // namespace

RegionKind kind_of(RegionContent content) {
  switch (content) {
    case RegionContent::Medium:
      return RegionKind::Medium;
    case RegionContent::LargeHead:
      return RegionKind::LargeHead;
    case RegionContent::LargeTail:
      return RegionKind::LargeTail;
    case RegionContent::Aligned:
      return RegionKind::Aligned;
    case RegionContent::Pinned:
      return RegionKind::Pinned;
    case RegionContent::Small:
      break;
  }
  return RegionKind::Small;
}

std::size_t facts_memory_bytes(const RegionSpace& regions) {
  return std::size_t{regions.table().high_water()} * sizeof(RegionFacts) +
         huge_blocks_below_high_water(regions) / 8 + 4 * page_bytes;
}

Result<std::span<RegionFacts>> gather_facts(const os::SystemCalls& kernel, const RegionSpace& regions,
                                            Arena& arena) {
  const std::span<const std::uint64_t> huge = find_huge_blocks(kernel, regions, arena);
  std::size_t count = 0;
  regions.for_each_used([&](RegionIndex, RegionWord word) { count += word.is(RegionState::Live); });
  const std::span<RegionFacts> facts = arena.allocate_array<RegionFacts>(count);
  if (facts.size() != count) return Error{"gathering facts", 0, "give it an arena of facts_memory_bytes()"};
  const HeapGeometry& g = regions.geometry();
  std::size_t next = 0;
  // A pinned large object pins its tails, too.
  std::uint32_t pinned_tails = 0;
  regions.for_each_used([&](RegionIndex region, RegionWord word) {
    if (!word.is(RegionState::Live)) return;
    RegionFacts& fact = facts[next++];
    fact.region = region;
    fact.content = content_of(word);
    fact.used_pages =
        static_cast<std::uint32_t>(align_up(regions.record(region).top(), page_bytes) >> page_shift);
    fact.huge_page_bits = huge_bits_of(g, region, huge);
    if (word.kind() == RegionKind::LargeHead) {
      fact.region_span = regions.region_span(region);
      pinned_tails = fact.content == RegionContent::Pinned ? fact.region_span - 1 : 0;
      if (fact.content == RegionContent::Pinned) fact.region_span = 1;
    } else if (word.kind() == RegionKind::LargeTail && pinned_tails != 0) {
      --pinned_tails;
      fact.content = RegionContent::Pinned;
    }
  });
  return facts;
}

}  // namespace shunt
