// Next-fit placement, in address order.
//
// Every pass goes once over the destinations, so that placement is linear. What next-fit leaves empty is
// address space, not memory: pages are only held where something arrives.
#include "plan/placement.hpp"

#include <algorithm>
#include <array>

namespace shunt {
namespace {

constexpr std::array packed_contents{RegionContent::Small, RegionContent::Medium, RegionContent::Aligned};

bool joins(const PageRun& a, const PageRun& b) {
  return a.huge == b.huge && a.from + a.bytes == b.from && a.to + a.bytes == b.to;
}

PageRun joined(const PageRun& a, const PageRun& b) { return {a.from, a.to, a.bytes + b.bytes, a.huge}; }

}  // namespace

Result<Placement> Placement::make(const PlacementInput& input, Arena& arena) {
  Placement p;
  p.input_ = input;
  p.destinations_ = arena.allocate_array<Destination>(input.destinations.size());
  if (p.destinations_.size() != input.destinations.size())
    return Error{"plan", 0, "give the planner a larger arena"};
  return p;
}

std::size_t Placement::fit(std::span<std::uint32_t> selected) {
  std::size_t count = selected.size();
  runs_.use({});
  copies_.use({});
  for (;;) {
    std::uint32_t failed = 0;
    start();
    if (place_all(selected.first(count), failed)) return count;
    drop_from(selected, count, failed);
    runs_.use({});
    copies_.use({});
  }
}

// Drops the region that failed and those of the same content behind it. Regions with nothing live need no
// room.
void Placement::drop_from(std::span<std::uint32_t> selected, std::size_t& count, std::uint32_t failed) const {
  const RegionContent content = input_.facts[selected[failed]].content;
  const auto dropped = [&](std::size_t i) {
    if (i < failed || input_.evacuations[selected[i]].is_empty()) return false;
    return is_large(content) ? is_large(input_.facts[selected[i]].content)
                             : input_.facts[selected[i]].content == content;
  };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t fact = selected[i];
    if (!dropped(i)) selected[kept++] = fact;
  }
  count = kept;
}

void Placement::place(std::span<const std::uint32_t> selected, std::span<PageRun> runs,
                      std::span<ClusterCopy> copies) {
  runs_.use(runs);
  copies_.use(copies);
  start();
  std::uint32_t failed = 0;
  SHUNT_CHECK(place_all(selected, failed), ==, true);
  SHUNT_CHECK(runs_.size(), ==, runs.size());
  SHUNT_CHECK(copies_.size(), ==, copies.size());
  const auto by_source = [](const PageRun& a, const PageRun& b) { return a.from < b.from; };
  if (!std::ranges::is_sorted(runs, by_source)) std::ranges::sort(runs, by_source);
  const auto by_page = [](const ClusterCopy& a, const ClusterCopy& b) { return a.first_page < b.first_page; };
  if (!std::ranges::is_sorted(copies, by_page)) std::ranges::sort(copies, by_page);
}

void Placement::start() {
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    const RegionIndex region = input_.destinations[i];
    if (i > 0) SHUNT_CHECK(value(input_.destinations[i - 1]), <, value(region));
    const bool excluded = !input_.window.is_empty() && input_.window.contains(region);
    destinations_[i] = {.outcome = {.region = region}, .taken = excluded, .excluded = excluded};
  }
}

void Placement::start_pass(RegionContent content) {
  content_ = content;
  run_cursor_ = 0;
  copy_cursor_[0] = copy_cursor_[1] = 0;
}

bool Placement::place_all(std::span<const std::uint32_t> selected, std::uint32_t& failed) {
  if (!place_large(selected, failed)) return false;
  for (const RegionContent content : packed_contents) {
    for (const auto step : {&Placement::place_anchored, &Placement::place_runs, &Placement::place_copies}) {
      start_pass(content);
      for (std::uint32_t slot = 0; slot < selected.size(); ++slot) {
        failed = slot;
        if (input_.facts[selected[slot]].content != content || input_.evacuations[selected[slot]].is_empty())
          continue;
        if (!(this->*step)({selected[slot], slot})) return false;
      }
    }
  }
  return true;
}

// A large object needs as many neighbouring destinations as it has regions. Its delta is a multiple of the
// region size, so whole huge pages stay aligned.
bool Placement::place_large(std::span<const std::uint32_t> selected, std::uint32_t& failed) {
  std::size_t at = 0;
  for (std::uint32_t slot = 0; slot < selected.size(); ++slot) {
    const RegionFacts& facts = input_.facts[selected[slot]];
    if (!is_large(facts.content) || input_.evacuations[selected[slot]].is_empty()) continue;
    start_pass(facts.content);
    failed = slot;
    if (facts.content == RegionContent::LargeHead) at = find_neighbours(facts.region_span);
    if (at == destinations_.size()) return false;
    Destination& d = destinations_[at++];
    take(d);
    const std::uint16_t whole = input_.evacuations[selected[slot]].whole_blocks;
    for_each_move_part(0, facts.used_pages, whole, [&](std::uint32_t first, std::uint32_t end, bool) {
      emit_run({selected[slot], slot}, first, end, d, first);
    });
  }
  return true;
}

std::size_t Placement::find_neighbours(std::size_t count) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    const bool follows =
        found != 0 && destinations_[i].outcome.region == destinations_[i - 1].outcome.region + 1;
    found = destinations_[i].taken ? 0 : follows ? found + 1 : 1;
    if (found == count) return i + 1 - count;
  }
  return destinations_.size();
}

bool Placement::place_anchored(Source source) {
  if (input_.evacuations[source.fact].whole_blocks == 0) return true;
  bool placed = true;
  const auto anchored = [](PageState p) { return p.is_anchored(); };
  for_each_series(input_.pages->row(source.fact), anchored, [&](std::uint32_t first, std::uint32_t end) {
    placed = placed && place_anchored_series(source, first, end);
  });
  return placed;
}

bool Placement::place_anchored_series(Source source, std::uint32_t first, std::uint32_t end) {
  constexpr auto block = static_cast<std::uint32_t>(pages_per_huge_page);
  for (; run_cursor_ < destinations_.size(); ++run_cursor_) {
    if (!is_usable(run_cursor_)) continue;
    Destination& d = destinations_[run_cursor_];
    const std::uint32_t at = d.run_pages_end + (first - d.run_pages_end) % block;
    if (at + (end - first) > region_pages()) continue;
    take(d);
    const std::uint16_t whole = input_.evacuations[source.fact].whole_blocks;
    for_each_move_part(first, end, whole, [&](std::uint32_t from, std::uint32_t to, bool) {
      emit_run(source, from, to, d, at + (from - first));
    });
    return true;
  }
  return false;
}

bool Placement::place_runs(Source source) {
  if (input_.evacuations[source.fact].moved_pages == 0) return true;
  bool placed = true;
  const auto plain = [](PageState p) { return p.is_moved() && !p.is_anchored(); };
  for_each_series(input_.pages->row(source.fact), plain, [&](std::uint32_t first, std::uint32_t end) {
    placed = placed && place_series(source, first, end);
  });
  return placed;
}

// A series that does not fit is continued in the next destination, cut where no cluster is cut.
bool Placement::place_series(Source source, std::uint32_t first, std::uint32_t end) {
  const auto row = input_.pages->row(source.fact);
  for (; run_cursor_ < destinations_.size(); ++run_cursor_) {
    if (!is_usable(run_cursor_)) continue;
    Destination& d = destinations_[run_cursor_];
    const std::uint32_t fits = pages_without_cut(row, first, end - first, region_pages() - d.run_pages_end);
    if (fits == 0) continue;
    take(d);
    emit_run(source, first, first + fits, d, d.run_pages_end);
    first += fits;
    if (first == end) return true;
  }
  return false;
}

// Taken in stretches between page runs. Dead pages in a stretch are no obstacle: they have nothing to copy.
bool Placement::place_copies(Source source) {
  const Evacuation& e = input_.evacuations[source.fact];
  if (e.copied_bytes == 0) return true;
  const auto row = input_.pages->row(source.fact);
  if (e.moved_pages == 0) return place_stretch(source, {0, e.used_pages, e.copied_bytes});
  bool placed = true;
  const auto not_moved = [](PageState p) { return !p.is_moved(); };
  for_each_series(row.first(e.used_pages), not_moved, [&](std::uint32_t first, std::uint32_t end) {
    std::uint32_t live = 0;
    for (std::uint32_t page = first; page < end; ++page) live += row[page].live_bytes();
    placed = placed && (live == 0 || place_stretch(source, {first, end - first, live}));
  });
  return placed;
}

// All at once where it fits, else cluster by cluster until the next destination is opened, then again.
bool Placement::place_stretch(Source source, Cluster stretch) {
  const auto row = input_.pages->row(source.fact).first(stretch.end_page());
  bool joins = false;
  for (Cluster c = next_cluster(row, stretch.first_page); c.pages != 0; c = next_cluster(row, c.end_page())) {
    std::size_t& cursor = copy_cursor_[0];
    while (cursor < destinations_.size() && !is_usable(cursor)) ++cursor;
    if (cursor == destinations_.size()) return false;
    Destination& d = destinations_[cursor];
    if (content_ != RegionContent::Medium &&
        d.outcome.used_bytes + stretch.live_bytes <= input_.geometry.region_bytes()) {
      stretch.pages = stretch.end_page() - c.first_page;
      stretch.first_page = c.first_page;
      emit_copy(source, stretch, d, d.outcome.used_bytes, joins);
      return true;
    }
    if (!place_copy(source, c, joins)) return false;
    stretch.live_bytes -= c.live_bytes;
    joins = true;
  }
  return true;
}

bool Placement::place_copy(Source source, const Cluster& cluster, bool joins) {
  const std::size_t region_bytes = input_.geometry.region_bytes();
  const std::size_t alignment =
      content_ == RegionContent::Medium ? page_bytes : input_.geometry.granule_bytes();
  std::size_t& cursor = copy_cursor_[cluster.live_bytes > region_bytes / 8 ? 1 : 0];
  for (; cursor < destinations_.size(); ++cursor) {
    if (!is_usable(cursor)) continue;
    Destination& d = destinations_[cursor];
    const std::size_t at = align_up(std::size_t{d.outcome.used_bytes}, alignment);
    if (at + cluster.live_bytes > region_bytes) continue;
    emit_copy(source, cluster, d, at, joins);
    return true;
  }
  return false;
}

// `joins`: the copy before is of the same stretch, so that only dead pages lie between the two.
void Placement::emit_copy(Source source, const Cluster& pages, Destination& d, std::size_t at, bool joins) {
  take(d);
  d.outcome.used_bytes = static_cast<std::uint32_t>(at + pages.live_bytes);
  d.outcome.copied_bytes += pages.live_bytes;
  const PageIndex first = input_.geometry.first_page_of(input_.facts[source.fact].region) + pages.first_page;
  const Address to = input_.geometry.start_of(d.outcome.region) + at;
  ClusterCopy last = copies_.last();
  if (!joins || last.to + last.live_bytes != to) {
    return copies_.push({first, pages.pages, source.slot, to, pages.live_bytes});
  }
  last.pages = static_cast<std::uint32_t>(first + pages.pages - last.first_page);
  last.live_bytes += pages.live_bytes;
  copies_.replace_last(last);
}

bool Placement::is_usable(std::size_t destination) const {
  const Destination& d = destinations_[destination];
  return !d.taken || (!d.excluded && d.outcome.content == content_);
}

void Placement::take(Destination& d) {
  d.taken = true;
  d.outcome.content = content_;
}

void Placement::emit_run(Source source, std::uint32_t first, std::uint32_t end, Destination& d,
                         std::uint32_t at) {
  const HeapGeometry& g = input_.geometry;
  const std::uint32_t pages = end - first;
  d.run_pages_end = at + pages;
  d.outcome.used_bytes = d.run_pages_end << page_shift;
  d.outcome.run_bytes += pages << page_shift;
  push_run({.from = g.start_of(input_.facts[source.fact].region) + (std::size_t{first} << page_shift),
            .to = g.start_of(d.outcome.region) + (std::size_t{at} << page_shift),
            .bytes = std::size_t{pages} << page_shift,
            .huge = is_in_whole_block(input_.evacuations[source.fact].whole_blocks, first)});
}

void Placement::push_run(const PageRun& run) {
  if (!runs_.empty() && joins(runs_.last(), run)) return runs_.replace_last(joined(runs_.last(), run));
  runs_.push(run);
}

std::size_t Placement::used_destinations() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(destinations_, [](const Destination& d) { return d.taken && !d.excluded; }));
}

void Placement::list_destinations(std::span<DestinationRegion> out) const {
  std::size_t i = 0;
  for (const Destination& d : destinations_) {
    if (d.taken && !d.excluded) out[i++] = d.outcome;
  }
}

std::size_t Placement::occupied_bytes() const {
  std::size_t total = 0;
  for (const Destination& d : destinations_) {
    const std::size_t behind_runs = std::size_t{d.run_pages_end} << page_shift;
    const std::size_t top = align_up(std::size_t{d.outcome.used_bytes}, page_bytes);
    total += d.outcome.run_bytes + (top > behind_runs ? top - behind_runs : 0);
  }
  return total;
}

}  // namespace shunt
