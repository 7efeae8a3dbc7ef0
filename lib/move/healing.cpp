// Finds windows of many VMAs and rewrites them through a scratch mapping, worst first.
#include "move/healing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "move/hole_filling.hpp"
#include "move/page_contents.hpp"
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
// Each query of text costs time for every VMA below; the square of this is some seconds' worth.
constexpr std::size_t most_vmas_by_text = 2'000;

// Aligned to huge pages, so that windows come home as page tables and not page by page.
class Scratch {
 public:
  Scratch(const os::SystemCalls& kernel, std::size_t bytes) : kernel_(kernel) {
    const std::size_t mapped_bytes = bytes + huge_page_bytes;
    const long answer = os::map_anonymous(kernel, Address::null, mapped_bytes, os::Access::ReadWrite, false);
    if (os::failed(answer)) return;
    mapped_ = {Address{static_cast<std::uintptr_t>(answer)}, mapped_bytes};
    range_ = {align_up(mapped_.start, huge_page_bytes), bytes};
  }
  ~Scratch() {
    if (mapped_.bytes != 0) os::unmap(kernel_, mapped_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  AddressRange range() const { return range_; }

 private:
  const os::SystemCalls& kernel_;
  AddressRange mapped_{};
  AddressRange range_{};
};

bool copy_out(const os::SystemCalls& kernel, AddressRange from, Address to) {
  PageCopyMover copy(kernel);
  MoveReport report;
  const MoveSpan span{from.start, to, from.bytes};
  SpanOutcome outcome;
  MoveBatch batch{{&span, 1}, {&outcome, 1}};
  batch.release_sources = false;
  copy.move(batch, report);
  return outcome.bytes_moved == from.bytes;
}

// Asks for no memory first: here nothing may be refused.
void write_back(AddressRange to, Address from) {
  for (std::size_t at = 0; at < to.bytes; at += page_bytes) {
    if (!is_zero_page(from + at)) std::memcpy(pointer_to(to.start + at), pointer_to(from + at), page_bytes);
  }
}

// A failed call may have unmapped the window first. Whatever of it is a hole now is mapped again and written
// back: the scratch still holds all of it, because only a call that succeeds empties the scratch. What is
// refused for a moment (no memory for a VMA) is asked for again: there is no other place for the contents.
void put_back(const os::SystemCalls& kernel, AddressRange window, Address scratch) {
  constexpr int attempts = 64;
  const auto fill = [&](AddressRange hole) { write_back(hole, scratch + (hole.start - window.start)); };
  for (int i = 0; i < attempts && !fill_holes(kernel, window, fill); ++i) os::yield_processor(kernel);
}

// One window: out by copy, home by remap. The window is untouched until the remap replaces it whole.
bool rewrite(const os::SystemCalls& kernel, AddressRange window, Address scratch, MoveReport& report) {
  if (!copy_out(kernel, window, scratch)) return false;
  if (os::failed(os::remap(kernel, scratch, window.start, window.bytes, os::remap_keep_source))) {
    put_back(kernel, window, scratch);
    return false;
  }
  report.healed_bytes += window.bytes;
  return true;
}

struct Window {
  AddressRange range{};
  std::size_t vmas = 0;
  bool plain = true;  // private, readable and writable from end to end
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
  window.plain = lookup.plain_bytes(window.range) == window.range.bytes;
  return window;
}

class Healer {
 public:
  Healer(const os::SystemCalls& kernel, AddressRange reservation, const HealingRequest& request,
         MoveReport& report)
      : kernel_(kernel), lookup_(kernel), reservation_(reservation), request_(request), report_(report) {}

  // False when enough has merged, or the kernel refuses.
  bool pass(std::size_t threshold, std::size_t& vmas) {
    Address at = reservation_.start;
    for (Window w = next_window(lookup_, at, reservation_); w.range.bytes != 0;
         w = next_window(lookup_, at, reservation_)) {
      at = w.range.end();
      if (w.vmas < threshold || !w.plain) continue;
      const std::size_t rewritten = rewrite_from(w.range, threshold, vmas);
      if (rewritten == 0 || vmas <= request_.wanted_vmas) return false;
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
      if (next.range.start != window.end() || next.range.bytes != window_bytes || !next.plain) break;
      window = next.range;
      in_window = next.vmas;
    }
    advise({first.start, done});
    return done;
  }

  // Only now, when all is home: advised before, a few pages would each have brought a huge one.
  void advise(AddressRange healed) {
    if (healed.bytes == 0) return;
    const HealingAdvice& advice = request_.advice;
    if (advice.huge_pages != os::HugePageAdvice::Default) {
      os::advise_huge_pages(kernel_, healed, advice.huge_pages == os::HugePageAdvice::Always);
    }
    if (advice.exclude_from_core_dump) os::exclude_from_core_dump(kernel_, healed);
  }

  os::SystemCalls kernel_;
  VmaLookup lookup_;
  AddressRange reservation_;
  HealingRequest request_;
  MoveReport& report_;
};

}  // namespace

std::size_t heal(const os::SystemCalls& kernel, AddressRange reservation, const HealingRequest& request,
                 MoveReport& report) {
  Result<os::VmaReader> reader = os::VmaReader::open(kernel);
  if (!reader) return 0;
  const std::size_t before = report.healed_bytes;
  Healer healer(kernel, reservation, request, report);
  for (const std::size_t threshold : passes) {
    const Result<std::size_t> count = reader.value().count_in(reservation);
    if (!count || count.value() <= request.wanted_vmas) break;
    if (reader.value().method() == os::VmaReader::Method::Text && count.value() > most_vmas_by_text) break;
    std::size_t vmas = count.value();
    if (!healer.pass(threshold, vmas)) break;
  }
  return report.healed_bytes - before;
}

}  // namespace shunt
