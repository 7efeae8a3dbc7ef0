// Decides run by run between the reservation's engine and page copy.
//
// Pure: it predicts both from the cost model and takes the cheaper; no kernel, no clock. What was observed
// comes back through observe() and corrects the prediction, by size class and by whether threads were
// running, because the cost of a call and of its TLB shootdown differ there most from host to host. Its
// quality is regret: its time over that of the better choice for the same spans (bench/move). Not
// thread-safe: it belongs to the one thread that moves.
#pragma once

#include <array>
#include <cstddef>

#include "move/cost_model.hpp"
#include "move/move_span.hpp"

namespace shunt {

enum class Way : unsigned char { Engine, Copy };

class Chooser {
 public:
  enum class Mode : unsigned char { Predict, AlwaysEngine, AlwaysCopy };

  Chooser() = default;
  Chooser(const CostModel& costs, Mode mode) : costs_(costs), mode_(mode) {}

  struct Conditions {
    unsigned running_threads = 0;
    bool destination_warm = false;
    bool engine_available = true;  // false: refused, or the VMA budget is spent
  };
  Way choose(const MoveSpan&, const Conditions&) const;
  double predict(const MoveSpan&, Way, const Conditions&) const;  // nanoseconds

  // Spans that went one way took `nanoseconds` in all; `predicted` is what predict() said class by class.
  struct Observation {
    std::array<double, 4> predicted_by_class{};
    double nanoseconds = 0;
    void add(const MoveSpan& span, double predicted) { predicted_by_class[class_of(span)] += predicted; }
  };
  void observe(Way, const Conditions&, const Observation&);

  const CostModel& costs() const { return costs_; }
  // The model with the corrections of the class of a few pages applied: what a planner should go by.
  CostModel corrected_costs(unsigned running_threads) const;
  Mode mode() const { return mode_; }

 private:
  // Up to 8 pages, up to 128, more, and huge: where calls, pages or page tables dominate.
  static std::size_t class_of(const MoveSpan&);
  // One set for each of: parked or running, to a cold or a warm destination.
  static std::size_t set_of(const Conditions&);
  using Corrections = std::array<double, 4>;
  const Corrections& corrections(Way, const Conditions&) const;

  CostModel costs_{};
  Mode mode_ = Mode::Predict;
  std::array<Corrections, 4> engine_{{{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}}};
  std::array<Corrections, 4> copy_{{{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}}};
};

}  // namespace shunt
