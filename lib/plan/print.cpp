// Printing by merging the two sorted lists, runs and copies, region by region.
//
// Numbers go through std::to_chars: no locale, no allocation.
#include "plan/print.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace shunt {
namespace {

struct Hex {
  Address address;
};

class Writer {
 public:
  explicit Writer(TextSink sink) : sink_(sink) {}
  Writer& operator<<(std::string_view text) {
    sink_.write(sink_.context, text);
    return *this;
  }
  Writer& operator<<(std::uint64_t number) { return print(number, 10); }
  Writer& operator<<(Hex hex) {
    *this << "0x";
    return print(value(hex.address), 16);
  }

 private:
  Writer& print(std::uint64_t number, int base) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }
  TextSink sink_;
};

constexpr std::string_view name_of(RegionContent content) {
  switch (content) {
    case RegionContent::Small:
      return "small";
    case RegionContent::Medium:
      return "medium";
    case RegionContent::LargeHead:
      return "large head";
    case RegionContent::LargeTail:
      return "large tail";
    case RegionContent::Pinned:
      return "pinned";
    case RegionContent::Aligned:
      return "aligned";
  }
  return "?";
}

class PlanPrinter {
 public:
  PlanPrinter(const Plan& plan, TextSink sink) : plan_(plan), out_(sink) {}
  void print() {
    for (std::uint32_t slot = 0; slot < plan_.selected.size(); ++slot) print_region(slot);
    for (const DestinationRegion& d : plan_.destinations) print_destination(d);
    for (const AddressRange& r : plan_.releases)
      out_ << "release " << Hex{r.start} << " + " << r.bytes << "\n";
    if (!plan_.window.is_empty()) {
      const std::uint64_t first = value(plan_.window.first);
      out_ << "window: regions " << first << ".." << first + plan_.window.regions - 1 << "\n";
    }
    print_totals();
  }

 private:
  void print_region(std::uint32_t slot) {
    const SelectedRegion& region = plan_.selected[slot];
    const AddressRange range = plan_.geometry.range_of(region.region);
    out_ << "slot " << std::uint64_t{slot} << " region " << std::uint64_t{value(region.region)} << ": "
         << std::uint64_t{region.used_pages} << " pages";
    while (next_run_ < plan_.runs.size() && run_end(next_run_) <= range.start) ++next_run_;
    print_pages(slot, range);
    if (region.moved_pages == 0 && region.copied_bytes == 0) out_ << ", all dead";
    out_ << "\n";
  }

  // Whichever of the next run and the next copy lies lower in the region comes first.
  void print_pages(std::uint32_t slot, AddressRange range) {
    std::size_t run = next_run_;
    for (;;) {
      const bool has_run = run < plan_.runs.size() && plan_.runs[run].from < range.end();
      const bool has_copy = next_copy_ < plan_.copies.size() && plan_.copies[next_copy_].slot == slot;
      if (!has_run && !has_copy) break;
      if (has_run && (!has_copy || plan_.runs[run].from < copy_start())) {
        print_run(plan_.runs[run++], range);
      } else {
        print_copy(plan_.copies[next_copy_++], range);
      }
    }
  }
  Address run_end(std::size_t run) const { return plan_.runs[run].from + plan_.runs[run].bytes; }
  Address copy_start() const { return plan_.geometry.start_of(plan_.copies[next_copy_].first_page); }

  void print_run(const PageRun& run, AddressRange range) {
    const Address from = std::max(run.from, range.start);
    const Address end = std::min(run.from + run.bytes, range.end());
    print_range((from - range.start) >> page_shift, (end - range.start) >> page_shift);
    out_ << (run.huge ? "huge run -> " : "run -> ") << Hex{run.to + (from - run.from)};
  }
  void print_copy(const ClusterCopy& copy, AddressRange range) {
    const std::uint64_t first = (plan_.geometry.start_of(copy.first_page) - range.start) >> page_shift;
    print_range(first, first + copy.pages);
    out_ << "copy " << copy.live_bytes << " -> " << Hex{copy.to};
  }
  void print_range(std::uint64_t first, std::uint64_t end) {
    out_ << ", [" << first << ".." << end - 1 << "] ";
  }

  void print_destination(const DestinationRegion& d) {
    out_ << "destination region " << std::uint64_t{value(d.region)} << ": " << name_of(d.content) << ", used "
         << std::uint64_t{d.used_bytes} << ", runs " << std::uint64_t{d.run_bytes} << ", copies "
         << std::uint64_t{d.copied_bytes} << "\n";
  }
  void print_totals() {
    const PlanTotals& t = plan_.totals;
    out_ << "total: moved " << t.bytes_moved << ", copied " << t.bytes_copied << ", left " << t.bytes_left
         << ", freed " << t.bytes_freed << ", released " << t.bytes_released << ", dropped "
         << std::uint64_t{t.regions_dropped} << ", predicted "
         << static_cast<std::uint64_t>(std::llround(t.nanoseconds)) << " ns\n";
  }

  const Plan& plan_;
  Writer out_;
  std::size_t next_run_ = 0;
  std::size_t next_copy_ = 0;
};

struct Buffer {
  std::span<char> room;
  std::size_t length = 0;
};

void append(void* context, std::string_view text) {
  auto& buffer = *static_cast<Buffer*>(context);
  if (buffer.length < buffer.room.size()) {
    std::memcpy(&buffer.room[buffer.length], text.data(),
                std::min(text.size(), buffer.room.size() - buffer.length));
  }
  buffer.length += text.size();
}

}  // namespace

void print_plan(const Plan& plan, TextSink sink) { PlanPrinter(plan, sink).print(); }

std::size_t print_plan(const Plan& plan, std::span<char> buffer) {
  Buffer out{buffer};
  print_plan(plan, TextSink{&out, append});
  return out.length;
}

}  // namespace shunt
