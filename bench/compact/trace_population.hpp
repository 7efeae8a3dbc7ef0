// The bundled trace, replayed as the demo does: up to the point where its fragmentation is worst.
#pragma once

#include <optional>
#include <string>

#include "compact/population.hpp"
#include "replay.hpp"

namespace shunt::bench {

class TracePopulation final : public Population {
 public:
  // Looks for the worst point. Throws trace::Error and demo::Failure.
  explicit TracePopulation(std::string file);

  HeapOptions options() const override { return options_; }
  void fill(Heap&) override;
  std::uint64_t damaged(Heap&) const override;

 private:
  std::string file_;
  HeapOptions options_{};
  std::uint64_t events_ = 0;
  std::optional<demo::Replay> replay_{};
};

}  // namespace shunt::bench
