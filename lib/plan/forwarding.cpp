// Filling the forwarding table from a plan, and correcting it by what the movers could not do.
//
// The destinations of a copied cluster's pages come from the live bytes that the plan has measured; the marks
// are read again only for the counts within a copied page.
#include "plan/forwarding.hpp"

#include <algorithm>

namespace shunt {
namespace {

std::size_t covered_regions(const Plan& plan) {
  return plan.selected.empty() ? 0
                               : plan.selected.back().region - plan.selected.front().region + std::size_t{1};
}

}  // namespace

std::size_t ForwardingTable::memory_bytes(const Plan& plan) {
  return plan.selected.size() * plan.geometry.pages_per_region() * sizeof(Entry) +
         covered_regions(plan) * sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);
}

Result<ForwardingTable> ForwardingTable::build(const Plan& plan, const MarkBitmap& marks, Arena& arena) {
  ForwardingTable table;
  table.marks_ = marks;
  table.region_pages_ = plan.geometry.pages_per_region();
  table.region_pages_shift_ = plan.geometry.region_shift - page_shift;
  table.slot_count_ = static_cast<std::uint32_t>(plan.selected.size());
  const std::size_t entry_count = plan.selected.size() * table.region_pages_;
  table.entries_ = arena.allocate_array<Entry>(entry_count);
  table.slots_ = arena.allocate_array<std::uint32_t>(covered_regions(plan));
  if (table.entries_.size() != entry_count || table.slots_.size() != covered_regions(plan)) {
    return Error{"build forwarding", 0, "give it an arena of ForwardingTable::memory_bytes()"};
  }
  table.enter_slots(plan);
  table.enter_runs(plan);
  table.enter_copies(plan);
  return table;
}

void ForwardingTable::enter_slots(const Plan& plan) {
  std::ranges::fill(slots_, no_slot);
  if (plan.selected.empty()) return;
  first_region_ = plan.geometry.start_of(plan.selected.front().region);
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    slots_[plan.selected[slot].region - plan.selected.front().region] = slot;
  }
}

void ForwardingTable::enter_runs(const Plan& plan) {
  for (const PageRun& run : plan.runs) {
    for (std::size_t done = 0; done < run.bytes;) {
      const Address from = run.from + done;
      const Address region_end =
          align_down(from, plan.geometry.region_bytes()) + plan.geometry.region_bytes();
      const std::size_t bytes = std::min(run.bytes - done, region_end - from);
      const auto page = static_cast<std::uint32_t>(value(plan.geometry.page_of(from)) & (region_pages_ - 1));
      set_moved(slot_of(from), page, static_cast<std::uint32_t>(bytes >> page_shift), run.to + done);
      done += bytes;
    }
  }
}

void ForwardingTable::enter_copies(const Plan& plan) {
  for (const ClusterCopy& copy : plan.copies) {
    const auto row = plan.pages.row(plan.selected[copy.slot].fact);
    const auto first = static_cast<std::uint32_t>(value(copy.first_page) & (region_pages_ - 1));
    Address to = copy.to;
    for (std::uint32_t page = first; page < first + copy.pages; ++page) {
      if (row[page].is_live()) {
        entry(copy.slot, page) = {value(to) | copied_tag, counts_of(copy.first_page + (page - first))};
      }
      to += row[page].live_bytes();
    }
  }
}

std::uint64_t ForwardingTable::counts_of(PageIndex page) const {
  const std::uint64_t* words = marks_.words_of(page);
  const std::size_t count = marks_.geometry().granules_per_page() / 64;
  std::uint64_t counts = 0, before = 0;
  for (std::size_t k = 1; k < count; ++k) {
    before += count_bits(words[k - 1]);
    counts |= before << (9 * (k - 1));
  }
  return counts;
}

void ForwardingTable::set_moved(std::uint32_t slot, std::uint32_t first_page, std::uint32_t pages,
                                Address to) {
  SHUNT_CHECK(is_published_, ==, false);
  SHUNT_CHECK(slot, <, slot_count_);
  SHUNT_CHECK(std::size_t{first_page} + pages, <=, region_pages_);
  SHUNT_CHECK(is_aligned(to, page_bytes), ==, true);
  for (std::uint32_t i = 0; i < pages; ++i) {
    entry(slot, first_page + i) = {(value(to) + (std::uint64_t{i} << page_shift)) | moved_tag, 0};
  }
}

void ForwardingTable::set_left(std::uint32_t slot, std::uint32_t first_page, std::uint32_t pages) {
  SHUNT_CHECK(is_published_, ==, false);
  SHUNT_CHECK(slot, <, slot_count_);
  SHUNT_CHECK(std::size_t{first_page} + pages, <=, region_pages_);
  for (std::uint32_t i = 0; i < pages; ++i) entry(slot, first_page + i) = {};
}

}  // namespace shunt
