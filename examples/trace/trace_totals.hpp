// Counts a history as it passes, and notices an event that does not fit it. Used by the writer, by `verify`
// and by tests; it keeps 8 bytes for every object.
#pragma once

#include <cstdint>
#include <vector>

#include "trace_format.hpp"

namespace shunt::trace {

class TotalsCounter {
 public:
  // nullptr, or what is wrong with the event, which is then not counted.
  const char* add(const Event& event);
  const Totals& totals() const { return totals_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  std::uint64_t live_objects() const { return totals_.objects - totals_.frees; }

 private:
  static constexpr std::uint64_t dead = ~std::uint64_t{0};
  const char* misfit(const Event& event) const;

  Totals totals_;
  std::uint64_t live_bytes_ = 0;
  std::vector<std::uint64_t> bytes_;  // by object; `dead` once freed
};

}  // namespace shunt::trace
