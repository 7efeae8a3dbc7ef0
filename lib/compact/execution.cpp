// Slices of runs, copies region by region, what stays, and releases as early as may be.
#include "compact/execution.hpp"

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"

namespace shunt {
namespace {

// Runs that are tried together: enough for the engine to join neighbours, little enough that what page copy
// has in memory twice stays small.
constexpr std::size_t slice_runs = 256;
constexpr std::size_t slice_bytes = std::size_t{32} << 20;

}  // namespace

Execution::Execution(const Plan& plan, const CompactionInput& input, Evacuator& evacuator,
                     ForwardingTable& forwarding, CompactionReport& report)
    : plan_(plan), input_(input), evacuator_(evacuator), forwarding_(forwarding), report_(report) {}

std::size_t Execution::memory_bytes(const Plan& plan) {
  return plan.runs.size() + plan.copies.size() + plan.selected.size() +
         slice_runs * (sizeof(MoveSpan) + sizeof(SpanOutcome)) + page_bytes;
}

Result<void> Execution::prepare(Arena& arena) {
  journal_ =
      Journal(arena.allocate_array<Step>(plan_.runs.size()), arena.allocate_array<Step>(plan_.copies.size()));
  left_ = arena.allocate_array<std::uint8_t>(plan_.selected.size());
  spans_ = arena.allocate_array<MoveSpan>(slice_runs);
  outcomes_ = arena.allocate_array<SpanOutcome>(slice_runs);
  if (outcomes_.empty() || spans_.empty())
    return Error{"preparing a compaction", 0, "more memory for the journal"};
  return {};
}

std::uint32_t Execution::page_in_region(Address a) const {
  return static_cast<std::uint32_t>(value(plan_.geometry.page_of(a)) &
                                    (plan_.geometry.pages_per_region() - 1));
}

bool Execution::page_stays(std::uint32_t slot, std::uint32_t page) const {
  const SelectedRegion& selected = plan_.selected[slot];
  if (!plan_.pages.row(selected.fact)[page].is_live()) return false;
  const Address start = plan_.geometry.start_of(selected.region) + std::size_t{page} * page_bytes;
  return forwarding_.forward_in_slot(slot, start) == start;
}

// Forwards to itself from now on, region by region.
void Execution::mark_left(AddressRange pages) {
  while (pages.bytes != 0) {
    const RegionIndex region = plan_.geometry.region_of(pages.start);
    const std::size_t bytes = std::min(pages.bytes, plan_.geometry.range_of(region).end() - pages.start);
    const std::uint32_t slot = forwarding_.slot_of(pages.start);
    const std::uint32_t first = page_in_region(pages.start);
    forwarding_.set_left(slot, first, static_cast<std::uint32_t>(bytes >> page_shift));
    left_[slot] = 1;
    for (std::uint32_t p = first; p < first + (bytes >> page_shift); ++p) {
      report_.bytes_left += plan_.pages.row(plan_.selected[slot].fact)[p].live_bytes();
    }
    pages = {pages.start + bytes, pages.bytes - bytes};
  }
}

// A part of a cluster has moved and the rest cannot: the part goes home, by page if the mover can, else by
// hand.
void Execution::bring_back(MoveSpan moved) {
  if (moved.bytes == 0) return;
  report_.bytes_brought_back += moved.bytes;
  const MoveSpan home{moved.to, moved.from, moved.bytes};
  SpanOutcome outcome;
  MoveReport ignored;
  evacuator_.move_runs({{&home, 1}, {&outcome, 1}}, ignored);
  const std::size_t rest = home.bytes - outcome.bytes_moved;
  if (rest == 0) return;
  std::memcpy(pointer_to(home.to + outcome.bytes_moved), pointer_to(home.from + outcome.bytes_moved), rest);
  evacuator_.release({home.from + outcome.bytes_moved, rest});
}

bool Execution::is_tied(Address page) const {
  return is_tied_to_previous(input_.marks, input_.object_starts, plan_.geometry.page_of(page));
}

// The run goes on with the cluster that the run before it ends with: runs are cut where huge pages begin and
// end, clusters are not.
bool Execution::continues_cluster(std::size_t run) const {
  if (run == 0 || run >= plan_.runs.size()) return false;
  const PageRun& before = plan_.runs[run - 1];
  return before.from + before.bytes == plan_.runs[run].from && is_tied(plan_.runs[run].from);
}

// The cluster that goes on in this run stays: what runs before it have moved of it goes home.
void Execution::take_back_from_runs_before(std::size_t index) {
  while (continues_cluster(index)) {
    const PageRun& run = plan_.runs[--index];
    std::size_t first = run.bytes - page_bytes;
    while (first != 0 && is_tied(run.from + first)) first -= page_bytes;
    bring_back({run.from + first, run.to + first, run.bytes - first});
    mark_left({run.from + first, run.bytes - first});
    journal_.take_back_run(index);
    if (first != 0) return;
  }
}

// Where the cluster ends that reaches the end of this run.
Address Execution::end_in_runs_behind(std::size_t index) const {
  Address end = plan_.runs[index].from + plan_.runs[index].bytes;
  while (continues_cluster(index + 1)) {
    const PageRun& run = plan_.runs[++index];
    std::size_t at = page_bytes;
    while (at < run.bytes && is_tied(run.from + at)) at += page_bytes;
    end = run.from + at;
    if (at < run.bytes) break;
  }
  return end;
}

// The mover stopped at `offset` of the run. The cluster there stays; returns the offset behind it.
std::size_t Execution::leave_cluster_at(std::size_t index, std::size_t offset) {
  const PageRun& run = plan_.runs[index];
  std::size_t first = offset;
  while (first != 0 && is_tied(run.from + first)) first -= page_bytes;
  std::size_t end = offset + page_bytes;
  while (end < run.bytes && is_tied(run.from + end)) end += page_bytes;
  bring_back({run.from + first, run.to + first, offset - first});
  mark_left({run.from + first, end - first});
  if (first == 0) take_back_from_runs_before(index);
  if (end == run.bytes) left_until_ = end_in_runs_behind(index);
  return end;
}

// Goes on behind a cluster that stays. Returns the offset that was reached.
std::size_t Execution::move_rest(const PageRun& run, std::size_t offset) {
  if (offset == run.bytes) return offset;
  const MoveSpan rest{run.from + offset, run.to + offset, run.bytes - offset};
  SpanOutcome moved;
  MoveBatch batch{{&rest, 1}, {&moved, 1}};
  batch.running_threads = input_.running_threads;
  evacuator_.move_runs(batch, report_.moves);
  return offset + moved.bytes_moved;
}

void Execution::settle(std::size_t index, SpanOutcome outcome) {
  const PageRun& run = plan_.runs[index];
  std::size_t offset = outcome.bytes_moved;
  const std::size_t left = left_until_ > run.from ? std::min(left_until_ - run.from, run.bytes) : 0;
  const bool complete = offset == run.bytes && left == 0;
  if (left != 0) {
    bring_back({run.from, run.to, std::min(left, offset)});
    mark_left({run.from, left});
    if (offset < left) offset = move_rest(run, left);
  }
  while (offset < run.bytes) offset = move_rest(run, leave_cluster_at(index, offset));
  journal_.finish_run(index, complete);
}

void Execution::move_slice(std::size_t first, std::size_t count) {
  journal_.intend_runs(first, count);
  for (std::size_t i = 0; i < count; ++i) {
    const PageRun& run = plan_.runs[first + i];
    spans_[i] = {run.from, run.to, run.bytes, run.huge};
    outcomes_[i] = {};
  }
  MoveBatch batch{spans_.first(count), outcomes_.first(count)};
  batch.running_threads = input_.running_threads;
  evacuator_.move_runs(batch, report_.moves);
  for (std::size_t i = 0; i < count; ++i) settle(first + i, outcomes_[i]);
}

void Execution::move_runs() {
  for (std::size_t first = 0; first < plan_.runs.size();) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < slice_runs && first + count < plan_.runs.size() && (count == 0 || bytes < slice_bytes)) {
      bytes += plan_.runs[first + count++].bytes;
    }
    move_slice(first, count);
    first += count;
    const Address reached = first < plan_.runs.size() ? plan_.runs[first].from : plan_.geometry.range().end();
    std::uint32_t slot = released_slots_;
    while (slot < plan_.selected.size() &&
           plan_.geometry.range_of(plan_.selected[slot].region).end() <= reached)
      ++slot;
    release_emptied(slot);
  }
  release_emptied(static_cast<std::uint32_t>(plan_.selected.size()));
  report_.page_runs += plan_.runs.size();
}

// Regions whose runs are through, and that have nothing to copy, hold dead pages only.
void Execution::release_emptied(std::uint32_t slots_before) {
  for (; released_slots_ < slots_before; ++released_slots_) {
    if (plan_.selected[released_slots_].copied_bytes == 0) release_slot(released_slots_);
  }
}

// Timed by itself: it happens in the midst of moving and copying, and is neither.
void Execution::release_slot(std::uint32_t slot) {
  const std::uint64_t start = nanoseconds_now();
  release_vacated(slot);
  releasing_nanoseconds_ += nanoseconds_now() - start;
}

void Execution::release_vacated(std::uint32_t slot) {
  const SelectedRegion& selected = plan_.selected[slot];
  const Address start = plan_.geometry.start_of(selected.region);
  if (!is_left(slot)) {
    // All of it: behind the used pages there may be the rest of a huge page.
    evacuator_.release(plan_.geometry.range_of(selected.region));
    return;
  }
  for (std::uint32_t page = 0; page < selected.used_pages;) {
    const std::uint32_t first = page;
    while (page < selected.used_pages && !page_stays(slot, page)) ++page;
    if (page != first) {
      evacuator_.release({start + std::size_t{first} * page_bytes, std::size_t{page - first} << page_shift});
    }
    while (page < selected.used_pages && page_stays(slot, page)) ++page;
  }
}

// What was populated before the memory ran out. The pages at both ends may hold what others have copied.
void Execution::give_back_destination(Address first, Address end) {
  const Address from = align_up(first, page_bytes);
  const Address to = align_down(end, page_bytes);
  if (from < to) evacuator_.release({from, to - from});
}

// Copies [first, last) of the plan, all of one region, whose destinations follow one another.
void Execution::copy_region(std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last;) {
    std::size_t end = i + 1;
    Address to_end = plan_.copies[i].to + plan_.copies[i].live_bytes;
    while (end < last && plan_.copies[end].to == to_end) to_end += plan_.copies[end++].live_bytes;
    const Address to = align_down(plan_.copies[i].to, page_bytes);
    const bool prepared = evacuator_.prepare_destination({to, align_up(to_end, page_bytes) - to});
    if (!prepared) give_back_destination(plan_.copies[i].to, to_end);
    for (; i < end; ++i) {
      const ClusterCopy& copy = plan_.copies[i];
      journal_.intend_copy(i);
      const AddressRange source{plan_.geometry.start_of(copy.first_page),
                                std::size_t{copy.pages} << page_shift};
      if (prepared) {
        const std::size_t bytes = evacuator_.copy_cluster(input_.marks, source, copy.to);
        SHUNT_CHECK_SHALLOW(bytes, ==, copy.live_bytes);
        report_.bytes_copied += bytes;
        ++report_.clusters_copied;
      } else {
        mark_left(source);
        ++report_.moves.left[static_cast<std::size_t>(Reason::NoMemory)];
      }
      journal_.finish_copy(i, prepared);
    }
  }
}

void Execution::copy_clusters() {
  for (std::size_t first = 0; first < plan_.copies.size();) {
    const std::uint32_t slot = plan_.copies[first].slot;
    std::size_t last = first;
    while (last < plan_.copies.size() && plan_.copies[last].slot == slot) ++last;
    copy_region(first, last);
    release_slot(slot);
    first = last;
  }
}

}  // namespace shunt
