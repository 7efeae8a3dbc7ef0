// A few pages to try mremap and its relatives on, without ever harming a mapping of the host.
//
// The trouble: a remap leaves holes (its source, or on older kernels the destination of a failed call), and
// another thread's mmap may land in a hole before the probe is done. So the scratch keeps account of which
// pages are still its own: pages carry markers, a marker is looked for with a system call that cannot fault,
// and a page that cannot be proved to be the scratch's own is lost: never touched and never unmapped again.
// All pages start inaccessible and in one VMA without huge pages; what is not opened stays a guard, so that
// nothing on scratch pages can merge with a neighbour. That is also what keeps the probe clear of the
// kernel's use-after-free in merging moves (kernel_release.hpp). Not thread-safe; any number of scratches in
// any threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

class ProbeScratch {
 public:
  static constexpr std::size_t max_pages = 64;

  // Errors: the kernel's (ENOMEM at the VMA limit or RLIMIT_AS).
  static Result<ProbeScratch> map(const SystemCalls&, std::size_t pages);

  ProbeScratch(ProbeScratch&& other) noexcept;
  ProbeScratch& operator=(ProbeScratch&&) = delete;
  ~ProbeScratch();

  Address page(std::size_t index) const { return range_.start + index * page_bytes; }
  AddressRange pages(std::size_t first, std::size_t count) const { return {page(first), count * page_bytes}; }

  // Makes pages readable and writable, or only readable. False when the kernel refuses.
  bool open(std::size_t first, std::size_t count);
  bool make_read_only(std::size_t index);

  // Writes the page's marker, different for every page of every scratch in every thread, and never 0.
  void mark(std::size_t index);
  std::uint32_t marker(std::size_t index) const { return markers_from_ + static_cast<std::uint32_t>(index); }
  // True when the first word of that address is `word`. Cannot fault; false where nothing readable is mapped.
  bool holds(Address, std::uint32_t word) const;
  bool is_marked(std::size_t index) const { return holds(page(index), marker(index)); }
  bool reads_zero(std::size_t index) const { return holds(page(index), 0); }
  // By mincore: a fresh or vacated page is not.
  bool is_resident(std::size_t index) const;

  // After an attempt to move page `index` away, whatever it answered: keeps the page if the marker is still
  // there.
  void settle_source(std::size_t index);
  // After an attempt to move something with `incoming` as its marker onto marked page `index`: keeps the page
  // if it holds either marker. A failed call may have left a hole there, which is not ours any more.
  void settle_destination(std::size_t index, std::uint32_t incoming);

 private:
  ProbeScratch() = default;
  bool is_lost(std::size_t index) const { return (lost_ >> index & 1) != 0; }
  void lose(std::size_t index) { lost_ |= std::uint64_t{1} << index; }

  SystemCalls kernel_{};
  AddressRange range_{};
  std::uint64_t lost_ = 0;
  std::uint32_t markers_from_ = 0;
};

}  // namespace shunt::os
