// Decides run by run between the reservation's engine and page copy.
//
// Pure: it predicts both from the cost model and takes the cheaper; no kernel, no clock. What was observed
// comes back through observe() and corrects the prediction, by size class and by whether threads were
// running, because the cost of a call and of its TLB shootdown differ there most from host to host. A way
// that is not taken teaches nothing, so where the two predictions are close the other is tried now and then.
// Its quality is regret: its time over that of the better choice for the same spans (bench/move). Not
// thread-safe: it belongs to the one thread that moves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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
  // What was learnt about one way under one set of conditions, by class.
  struct Experience {
    std::array<double, 4> corrections{1, 1, 1, 1};
    std::array<std::uint16_t, 4> passed_over{};  // observations of the other way since this one was taken
  };
  const Experience& experience(Way way, const Conditions& conditions) const {
    return experience_[static_cast<std::size_t>(way)][set_of(conditions)];
  }
  Experience& experience(Way way, const Conditions& conditions) {
    return experience_[static_cast<std::size_t>(way)][set_of(conditions)];
  }
  // Parked or running, cold or warm destination.
  static std::size_t set_of(const Conditions& conditions) {
    return (conditions.running_threads != 0 ? 1u : 0u) + (conditions.destination_warm ? 2u : 0u);
  }

  CostModel costs_{};
  Mode mode_ = Mode::Predict;
  std::array<std::array<Experience, 4>, 2> experience_{};
};

}  // namespace shunt
