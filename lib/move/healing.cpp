#include "move/healing.hpp"

#include <algorithm>
#include <array>

#include "move/page_copy.hpp"
#include "move/vma_lookup.hpp"
#include "os/memory.hpp"

namespace shunt {
namespace {

constexpr std::size_t window_bytes = huge_page_bytes;
// VMAs in a window of 512 pages from which on it is rewritten, pass by pass: the worst first.
constexpr std::array<std::size_t, 4> passes = {128, 32, 8, 3};
// Consecutive windows share one scratch mapping, so that they come home as one VMA.
constexpr std::size_t scratch_windows = 64;

class Scratch {
 public:
  Scratch(const os::SystemCalls& kernel, std::size_t bytes) : kernel_(kernel) {
    const long answer = os::map_anonymous(kernel, Address::null, bytes, os::Access::ReadWrite, false);
    if (!os::failed(answer)) range_ = {Address{static_cast<std::uintptr_t>(answer)}, bytes};
  }
  ~Scratch() {
    if (range_.bytes != 0) os::unmap(kernel_, range_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  AddressRange range() const { return range_; }

 private:
  const os::SystemCalls& kernel_;
  AddressRange range_{};
};

// One window: out by copy, home by remap. The window is untouched until the remap replaces it whole.
bool rewrite(const os::SystemCalls& kernel, AddressRange window, Address scratch, MoveReport& report) {
  PageCopyMover copy(kernel);
  MoveReport copied;
  const MoveSpan span{window.start, scratch, window.bytes};
  SpanOutcome outcome;
  MoveBatch batch{{&span, 1}, {&outcome, 1}};
  batch.release_sources = false;
  copy.move(batch, copied);
  if (outcome.bytes_moved != window.bytes) return false;
  if (os::failed(os::remap(kernel, scratch, window.start, window.bytes, os::remap_keep_source))) return false;
  report.healed_bytes += window.bytes;
  return true;
}

struct Window {
  AddressRange range{};
  std::size_t vmas = 0;
  Address scan_end = Address::null;  // start of the last VMA seen: where the next window's scan begins
};

// The first window at or after `from` that has VMAs begin in it, and how many; bytes 0 at the end.
Window next_window(VmaLookup& lookup, Address from, AddressRange reservation) {
  std::optional<os::Vma> vma = lookup.at_or_after(from);
  while (vma && vma->range.start < from) vma = lookup.at_or_after(vma->range.end());
  if (!vma || vma->range.start >= reservation.end()) return {};
  Window window;
  window.range.start = std::max(align_down(vma->range.start, window_bytes), reservation.start);
  window.range.bytes = std::min(window_bytes, reservation.end() - window.range.start);
  while (vma && vma->range.start < window.range.end()) {
    ++window.vmas;
    vma = lookup.at_or_after(vma->range.end());
  }
  return window;
}

class Healer {
 public:
  Healer(const os::SystemCalls& kernel, AddressRange reservation, std::size_t wanted, MoveReport& report)
      : kernel_(kernel), lookup_(kernel), reservation_(reservation), wanted_(wanted), report_(report) {}

  // False when enough has merged, or the kernel refuses.
  bool pass(std::size_t threshold, std::size_t& vmas) {
    Address at = reservation_.start;
    for (Window w = next_window(lookup_, at, reservation_); w.range.bytes != 0;
         w = next_window(lookup_, at, reservation_)) {
      at = w.range.end();
      if (w.vmas < threshold) continue;
      const std::size_t rewritten = rewrite_from(w.range, threshold, vmas);
      if (rewritten == 0 || vmas <= wanted_) return false;
      at = w.range.start + rewritten;
    }
    return true;
  }

 private:
  // Rewrites this window and the ones right behind it that are fragmented, too.
  std::size_t rewrite_from(AddressRange first, std::size_t threshold, std::size_t& vmas) {
    Scratch scratch(kernel_, window_bytes * scratch_windows);
    if (scratch.range().bytes == 0) return 0;
    std::size_t done = 0;
    AddressRange window = first;
    std::size_t in_window = threshold;
    while (in_window >= threshold && done < scratch.range().bytes) {
      if (!rewrite(kernel_, window, scratch.range().start + done, report_)) break;
      vmas -= std::min(vmas, in_window);
      done += window.bytes;
      const Window next = next_window(lookup_, window.end(), reservation_);
      if (next.range.start != window.end() || next.range.bytes != window_bytes) break;
      window = next.range;
      in_window = next.vmas;
    }
    return done;
  }

  os::SystemCalls kernel_;
  VmaLookup lookup_;
  AddressRange reservation_;
  std::size_t wanted_;
  MoveReport& report_;
};

}  // namespace

std::size_t heal(const os::SystemCalls& kernel, AddressRange reservation, std::size_t wanted_vmas,
                 MoveReport& report) {
  Result<os::VmaReader> reader = os::VmaReader::open(kernel);
  if (!reader) return 0;
  const std::size_t before = report.healed_bytes;
  Healer healer(kernel, reservation, wanted_vmas, report);
  for (const std::size_t threshold : passes) {
    const Result<std::size_t> count = reader.value().count_in(reservation);
    if (!count || count.value() <= wanted_vmas) break;
    std::size_t vmas = count.value();
    if (!healer.pass(threshold, vmas)) break;
  }
  return report.healed_bytes - before;
}

}  // namespace shunt
