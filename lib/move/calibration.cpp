// Short, repeated measurements on scratch pages; the medians become the cost model.
#include "move/calibration.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.hpp"
#include "move/copy_pages.hpp"
#include "move/page_contents.hpp"
#include "move/page_copy.hpp"
#include "os/memory.hpp"

namespace shunt {
namespace {

// Opening a heap waits for this: some 2,000 page faults in all, 6 ms.
constexpr std::size_t repetitions = 3;
constexpr std::size_t copied_bytes = huge_page_bytes / 2;
constexpr std::size_t released_bytes = huge_page_bytes / 4;
constexpr std::size_t spans_a_batch = 32;

class Calibration {
 public:
  Calibration(const os::SystemCalls& kernel, AddressRange scratch)
      : kernel_(kernel), from_(align_up(scratch.start, huge_page_bytes)), to_(from_ + 2 * huge_page_bytes) {}

  // Nanoseconds a span, median; negative when the mover did not do it all.
  double time_of(Mover& mover, std::size_t pages, std::size_t count, bool huge) {
    std::array<double, repetitions> times{};
    for (double& time : times) {
      time = once(mover, pages * page_bytes, count, huge) / static_cast<double>(count);
    }
    std::nth_element(times.begin(), times.begin() + repetitions / 2, times.end());
    return times[repetitions / 2];
  }

  double copied_byte() {
    std::array<double, repetitions> times{};
    for (double& time : times) {
      std::memset(pointer_to(from_), 1, copied_bytes);
      std::memset(pointer_to(to_), 1, copied_bytes);
      const double start = now();
      copy_pages(to_, from_, copied_bytes, from_, CopyStyle::Streamed);
      finish_streaming();
      time = (now() - start) / static_cast<double>(copied_bytes);
    }
    clear();
    std::sort(times.begin(), times.end());
    return times[repetitions / 2];
  }

  double release_page() {
    std::array<double, repetitions> times{};
    for (double& time : times) {
      std::memset(pointer_to(from_), 1, released_bytes);
      const double start = now();
      release_range(kernel_, {from_, released_bytes});
      time = (now() - start) / static_cast<double>(released_bytes >> page_shift);
    }
    std::sort(times.begin(), times.end());
    return times[repetitions / 2];
  }

  bool make_huge() { return !os::failed(os::advise_huge_pages(kernel_, {from_, 4 * huge_page_bytes}, true)); }

 private:
  static double now() { return static_cast<double>(nanoseconds_now()); }

  // Every other run of the source moves, to destinations without gaps: what a compaction does.
  double once(Mover& mover, std::size_t bytes, std::size_t count, bool huge) {
    std::array<MoveSpan, spans_a_batch> spans;
    std::array<SpanOutcome, spans_a_batch> outcomes{};
    const std::size_t stride = huge ? bytes : 2 * bytes;
    for (std::size_t i = 0; i < count; ++i) spans[i] = {from_ + i * stride, to_ + i * bytes, bytes, huge};
    std::memset(pointer_to(from_), 1, std::max(count * stride, huge ? huge_page_bytes : 0));
    MoveReport report;
    const MoveBatch batch{{spans.data(), count}, {outcomes.data(), count}};
    const double start = now();
    mover.move(batch, report);
    const double time = now() - start;
    const bool complete = std::all_of(outcomes.begin(), outcomes.begin() + static_cast<long>(count),
                                      [&](const SpanOutcome& o) { return o.bytes_moved == bytes; });
    clear();
    return complete ? time : -1e18;
  }

  void clear() { release_range(kernel_, {from_, 4 * huge_page_bytes}); }

  os::SystemCalls kernel_;
  Address from_;
  Address to_;
};

void measure_copy(const os::SystemCalls& kernel, Calibration& calibration, CostModel& costs) {
  costs.copy_byte = std::max(0.02, calibration.copied_byte());
  costs.release_page = std::max(10.0, calibration.release_page());
  PageCopyMover copy(kernel);
  const double page = calibration.time_of(copy, 1, spans_a_batch, false);
  costs.fault_page = std::max(100.0, page - costs.copy_byte * page_bytes - costs.release_page);
}

void measure_engine(Mover& engine, Calibration& calibration, CostModel& costs) {
  const double one = calibration.time_of(engine, 1, spans_a_batch, false);
  const double many = calibration.time_of(engine, 32, 4, false);
  if (one > 0 && many > 0) {
    costs.move_page = std::max(1.0, (many - one) / 31);
    costs.move_call = std::max(100.0, one - costs.move_page);
  }
  if (!calibration.make_huge()) return;
  const double huge = calibration.time_of(engine, pages_per_huge_page, 1, true);
  // More than a few dozen microseconds means that there was no huge page to move.
  if (huge > 0 && huge < 20 * costs.move_call) costs.move_huge_page = std::max(100.0, huge - costs.move_call);
}

}  // namespace

CostModel calibrate(const os::SystemCalls& kernel, Mover* engine, AddressRange scratch) {
  CostModel costs;
  Calibration calibration(kernel, scratch);
  measure_copy(kernel, calibration, costs);
  if (engine != nullptr) measure_engine(*engine, calibration, costs);
  return costs;
}

}  // namespace shunt
