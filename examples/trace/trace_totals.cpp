// See trace_totals.hpp.
#include "trace_totals.hpp"

#include <algorithm>
#include <bit>

namespace shunt::trace {

const char* TotalsCounter::misfit(const Event& event) const {
  if (event.kind == EventKind::allocate) {
    if (event.object != bytes_.size()) return "allocates an object out of turn";
    if (!std::has_single_bit(event.alignment) || event.alignment < default_alignment) {
      return "asks for an alignment that is not a power of two of at least 16";
    }
  } else {
    const bool frees = event.kind == EventKind::free;
    if (event.object >= bytes_.size())
      return frees ? "frees an unknown object" : "reallocates an unknown object";
    if (bytes_[event.object] == dead) return frees ? "frees an object twice" : "reallocates a freed object";
  }
  // Far above what any machine has, and low enough that sums cannot overflow.
  if (event.kind != EventKind::free && event.bytes >= std::uint64_t{1} << 48)
    return "asks for more than 256 TiB";
  return nullptr;
}

const char* TotalsCounter::add(const Event& event) {
  if (const char* wrong = misfit(event)) return wrong;
  if (event.kind == EventKind::allocate) {
    bytes_.push_back(0);
    ++totals_.objects;
  } else {
    live_bytes_ -= bytes_[event.object];
  }
  if (event.kind == EventKind::free) {
    bytes_[event.object] = dead;
    ++totals_.frees;
  } else {
    bytes_[event.object] = event.bytes;
    live_bytes_ += event.bytes;
    totals_.allocated_bytes += event.bytes;
    totals_.largest_bytes = std::max(totals_.largest_bytes, event.bytes);
  }
  if (event.kind == EventKind::reallocate) ++totals_.reallocations;
  if (live_bytes_ > totals_.peak_live_bytes) {
    totals_.peak_live_bytes = live_bytes_;
    totals_.peak_event = totals_.events;
  }
  totals_.peak_live_objects = std::max(totals_.peak_live_objects, live_objects());
  totals_.threads = std::max(totals_.threads, std::uint64_t{event.thread} + 1);
  totals_.end_live_bytes = live_bytes_;
  ++totals_.events;
  return nullptr;
}

}  // namespace shunt::trace
