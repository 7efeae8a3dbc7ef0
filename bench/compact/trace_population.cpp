// The demo's own search and replay, behind the interface of the cells.
#include "compact/trace_population.hpp"

#include <cstdio>
#include <cstdlib>

#include "compact/synthetic.hpp"
#include "comparison.hpp"
#include "trace_reader.hpp"
#include "worst_point.hpp"

namespace shunt::bench {

TracePopulation::TracePopulation(std::string file) : file_(std::move(file)) {
  demo::Options asked;
  asked.heap.maximum_bytes = 2 * asked.limit;
  options_ = demo::fitted_to(asked, trace::Reader::open(file_).header()).heap;
  demo::Progress hidden(false);
  HeapGeometry geometry;
  geometry.base = Address{std::uintptr_t{1} << 44};
  geometry.region_shift = static_cast<unsigned>(std::countr_zero(options_.region_bytes));
  geometry.granule_shift = static_cast<unsigned>(std::countr_zero(options_.granule_bytes));
  geometry.region_count = static_cast<std::uint32_t>(options_.maximum_bytes >> geometry.region_shift);
  events_ = demo::find_worst_point(file_, geometry, asked.limit, hidden).worst.events;
}

void TracePopulation::fill(Heap& heap) {
  replay_.emplace(heap);
  trace::Reader reader = trace::Reader::open(file_);
  for (trace::Event event; reader.position() < events_ && reader.next(event);) replay_->apply(event);
  replay_->retire();
}

std::uint64_t TracePopulation::damaged(Heap&) const {
  const demo::Verification found = replay_->verify();
  return found.total - found.verified;
}

std::unique_ptr<Population> make_population(const Cell& cell) {
  if (cell.shape != Shape::Trace) return std::make_unique<Synthetic>(cell);
  try {
    return std::make_unique<TracePopulation>(SHUNT_BUNDLED_TRACE);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "compact-bench: %s\n", failure.what());
    std::abort();
  }
}

}  // namespace shunt::bench
