// Who reads, who is inside an epoch, and which reader holds back what waits to be reused.
//
// A snapshot, slot by slot: exact while nobody enters, leaves or releases. Pure values.
#pragma once

#include <cstdint>

namespace shunt {

struct EpochStatistics {
  static constexpr std::uint32_t nobody = 0xFFFF'FFFF;

  std::uint32_t readers = 0;       // joined
  std::uint32_t inside = 0;        // of these
  std::uint64_t oldest_epoch = 0;  // the lowest that a reader is inside, 0: nobody is
  std::uint64_t waiting_regions = 0;
  bool asymmetric = false;  // readers pay a store and no fence

  // The reader that holds back the region that has waited longest: the one that entered first (or, epoch 0,
  // one that is outside and has not entered since the kernel began to refuse the process-wide barrier).
  std::uint32_t stalled_slot = nobody;
  std::uint64_t stalled_epoch = 0;
  char stalled_name[16] = {};
};

}  // namespace shunt
