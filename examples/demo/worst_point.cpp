// Two passes over the history: the peak, then the worst point at or above half of it.
#include "worst_point.hpp"

#include "fragmentation.hpp"
#include "trace_reader.hpp"

namespace shunt::demo {

void WorstPoint::add(const Point& point) {
  peak_ = std::max(peak_, point.live_bytes);
  if (point.live_bytes * 2 < peak_ || point.live_bytes == 0) return;
  const auto above = kept_.lower_bound(point.live_bytes);
  if (above != kept_.end() && above->second.ratio() >= point.ratio()) return;
  kept_[point.live_bytes] = point;
  // What has less live and no worse ratio can never win any more.
  auto at = kept_.find(point.live_bytes);
  while (at != kept_.begin()) {
    const auto below = std::prev(at);
    if (below->second.ratio() > point.ratio() && below->first * 2 >= peak_) break;
    kept_.erase(below);
  }
}

Point WorstPoint::worst() const {
  const auto found = kept_.lower_bound((peak_ + 1) / 2);
  return found == kept_.end() ? Point{} : found->second;
}

Search find_worst_point(const std::string& trace, const HeapGeometry& geometry, std::uint64_t resident_limit,
                        Progress& progress) {
  trace::Reader reader = trace::Reader::open(trace);
  FragmentationMeter meter(geometry);
  WorstPoint finder;
  Search search;
  progress.start("looking for the worst point", reader.header().totals.events);
  for (trace::Event event; reader.next(event);) {
    search.limit_reached = !meter.apply(event) || meter.resident_bytes() > resident_limit;
    if (search.limit_reached) break;
    finder.add({meter.events(), meter.live_bytes(), meter.resident_bytes()});
    progress.at(meter.events());
  }
  progress.finish();
  search.worst = finder.worst();
  search.events_seen = meter.events();
  return search;
}

}  // namespace shunt::demo
