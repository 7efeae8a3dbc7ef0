// Where a thread looks for a Free region first, so that threads that claim at once keep apart.
//
// All threads prefer the lowest Free region. One that loses a race for it is sent to a stretch of its own,
// the regions whose words share one cache line, and claims there until it is used up; then it is back in the
// queue for the lowest. So a thread alone claims in address order, and colliding threads do not collide
// again.
#pragma once

#include <cstdint>

namespace shunt {

class ClaimHint {
 public:
  // Regions whose words share a cache line of 64 bytes.
  static constexpr std::uint32_t stretch = 8;
  static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;

  ClaimHint() = default;
  // Threads with different lanes are sent to different stretches. Any number will do; lanes 64 apart meet.
  explicit ClaimHint(std::uint32_t lane) : lane_(lane % 64) {}

  // The first region of the thread's stretch, or nowhere.
  std::uint32_t start() const { return start_; }
  void leave() { start_ = nowhere; }
  // After a lost race for region `i` of a table of `size`.
  void move_on_from(std::uint32_t i, std::uint32_t size) {
    const std::uint64_t next = (std::uint64_t{i} / stretch + 1 + lane_) * stretch;
    start_ = next < size ? static_cast<std::uint32_t>(next) : nowhere;
  }

 private:
  std::uint32_t lane_ = 0;
  std::uint32_t start_ = nowhere;
};

}  // namespace shunt
