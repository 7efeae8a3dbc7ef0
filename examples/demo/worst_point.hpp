// Where in a history fragmentation is worst: most resident bytes for each live byte, among the points where
// at least half of the most live bytes lives. An emptied heap is all waste and says nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/heap_geometry.hpp"
#include "progress.hpp"

namespace shunt::demo {

struct Point {
  std::uint64_t events = 0;  // how many were applied
  std::uint64_t live_bytes = 0;
  std::uint64_t resident_bytes = 0;

  double ratio() const {
    return live_bytes == 0 ? 0 : static_cast<double>(resident_bytes) / static_cast<double>(live_bytes);
  }
};

// Finds it in one pass. The peak is known only at the end, so it keeps every point that no other beats in
// both ratio and live bytes: a handful. Of equal points the first counts.
class WorstPoint {
 public:
  // Points come in order. Amortized O(log points kept).
  void add(const Point&);
  // The worst so far. A Point with no events when there was none.
  Point worst() const;
  std::uint64_t peak_live_bytes() const { return peak_; }

 private:
  // Live bytes to point; the more live, the smaller the ratio.
  std::map<std::uint64_t, Point> kept_;
  std::uint64_t peak_ = 0;
};

struct Search {
  Point worst;
  std::uint64_t events_seen = 0;
  bool limit_reached = false;  // the heap grew past the limit there, and the history was read no further
};

// Dry run over the trace file. Throws trace::Error and Failure.
Search find_worst_point(const std::string& trace, const HeapGeometry&, std::uint64_t resident_limit,
                        Progress&);

}  // namespace shunt::demo
