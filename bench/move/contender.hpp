// Those who take part in a cell: each moves the same runs, its own way, in memory of its own.
//
// prepare() and finish() are not timed. A contender is made for one cell and used for all its rounds, so that
// a chooser may learn as it would in a long-lived heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "move/cell.hpp"
#include "os/capabilities.hpp"

namespace shunt::bench {

class Contender {
 public:
  virtual ~Contender() = default;
  virtual const char* name() const = 0;
  virtual void prepare(std::uint64_t round) = 0;
  virtual void run() = 0;
  // Checks the contents and gives the memory back. Returns the VMAs that run() added.
  virtual std::size_t finish() = 0;
  // System calls that were refused in the last run(), where the contender counts them.
  virtual std::size_t failed_calls() const { return 0; }
};

// Names, which are also the last part of the benchmarks' names. What each is: docs/benchmarks.md.
inline constexpr const char* memset_copy_warm = "memset_copy_warm";
inline constexpr const char* memset_copy_cold = "memset_copy_cold";
inline constexpr const char* memcpy_only = "memcpy_only";
inline constexpr const char* uffdio_move = "uffdio_move";
inline constexpr const char* uffdio_move_warm = "uffdio_move_warm";
inline constexpr const char* mremap_multi = "mremap_multi";
inline constexpr const char* mremap_single = "mremap_single";
inline constexpr const char* page_copy = "page_copy";
inline constexpr const char* page_copy_warm = "page_copy_warm";
inline constexpr const char* chooser = "chooser";
inline constexpr const char* chooser_warm = "chooser_warm";
inline constexpr const char* chooser_recycle = "chooser_recycle";
inline constexpr const char* mremap_per_run = "mremap_per_run";

// Those that this kernel can do, for the cells of the table.
std::vector<std::string> contender_names(const os::Capabilities&);
std::unique_ptr<Contender> make_contender(const std::string& name, const Cell&, const os::Capabilities&);

}  // namespace shunt::bench
