// What it costs to move or to copy pages on this host, as a value.
//
// Pure: prediction is arithmetic, so that the planner and the chooser can be tested without a kernel.
// Calibration and correction, which need one, are in calibration.hpp. All times are nanoseconds; the defaults
// are what Linux 6.18 on a 2 GHz virtual machine took, mutators parked.
#pragma once

#include <cstddef>

#include "base/address.hpp"

namespace shunt {

struct CostModel {
  // The engine (UFFDIO_MOVE or mremap).
  double move_call = 1300;
  double move_page = 55;              // a base page in a call
  double move_huge_page = 1000;       // a whole, aligned huge page
  double split_huge_page = 150'000;   // a part of a huge page is moved: the kernel splits it first
  double move_running_thread = 2600;  // a call's TLB shootdown, for each thread running on another CPU
  // Page copy, and object copy in the compactor.
  double copy_byte = 0.28;    // memcpy of memory that is not in the cache
  double fault_page = 700;    // first touch of a destination page
  double release_page = 120;  // giving a source page back, within a larger release
  double release_call = 600;

  // `huge` says that every page of the run lies in whole huge pages, aligned alike on both sides.
  constexpr double predict_move(std::size_t bytes, bool huge, unsigned running_threads) const {
    const double call = move_call + move_running_thread * running_threads;
    return huge ? call + move_huge_page * static_cast<double>(bytes >> huge_page_shift)
                : call + move_page * static_cast<double>(bytes >> page_shift);
  }
  // Copying `live_bytes` into fresh memory and giving the `source_pages` back. `destination_warm`: the
  // destination's pages are there already.
  constexpr double predict_copy(std::size_t live_bytes, std::size_t source_pages,
                                bool destination_warm) const {
    const double fresh_pages = static_cast<double>(align_up(live_bytes, page_bytes) >> page_shift);
    return copy_byte * static_cast<double>(live_bytes) + (destination_warm ? 0 : fault_page * fresh_pages) +
           release_page * static_cast<double>(source_pages);
  }
};

}  // namespace shunt
