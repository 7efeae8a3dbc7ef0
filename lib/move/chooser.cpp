#include "move/chooser.hpp"

#include <algorithm>
#include <cmath>

namespace shunt {
namespace {

// How much of an observed error is believed at once, and how far a correction may go in all: one slow batch
// on a shared machine must not turn the choice for good.
constexpr double learning_rate = 0.25;
constexpr double furthest = 20;

}  // namespace

std::size_t Chooser::class_of(const MoveSpan& span) {
  if (span.huge) return 3;
  const std::size_t pages = span.bytes >> page_shift;
  return pages <= 8 ? 0 : pages <= 128 ? 1 : 2;
}

std::size_t Chooser::set_of(const Conditions& conditions) {
  return (conditions.running_threads != 0 ? 1u : 0u) + (conditions.destination_warm ? 2u : 0u);
}

const Chooser::Corrections& Chooser::corrections(Way way, const Conditions& conditions) const {
  return (way == Way::Engine ? engine_ : copy_)[set_of(conditions)];
}

double Chooser::predict(const MoveSpan& span, Way way, const Conditions& conditions) const {
  const std::size_t pages = span.bytes >> page_shift;
  double cost = way == Way::Copy ? costs_.predict_copy(span.bytes, pages, conditions.destination_warm)
                                 : costs_.predict_move(span.bytes, span.huge, conditions.running_threads);
  // The engine wants an empty destination; dead pages there are dropped first.
  if (way == Way::Engine && conditions.destination_warm)
    cost += costs_.release_page * static_cast<double>(pages);
  return cost * corrections(way, conditions)[class_of(span)];
}

Way Chooser::choose(const MoveSpan& span, const Conditions& conditions) const {
  if (!conditions.engine_available || mode_ == Mode::AlwaysCopy) return Way::Copy;
  if (mode_ == Mode::AlwaysEngine) return Way::Engine;
  return predict(span, Way::Engine, conditions) <= predict(span, Way::Copy, conditions) ? Way::Engine
                                                                                        : Way::Copy;
}

void Chooser::observe(Way way, const Conditions& conditions, const Observation& seen) {
  double predicted = 0;
  for (const double p : seen.predicted_by_class) predicted += p;
  if (predicted <= 0 || seen.nanoseconds <= 0) return;
  const double error = std::log(seen.nanoseconds / predicted);
  Corrections& set = (way == Way::Engine ? engine_ : copy_)[set_of(conditions)];
  for (std::size_t c = 0; c < set.size(); ++c) {
    const double share = seen.predicted_by_class[c] / predicted;
    set[c] = std::clamp(set[c] * std::exp(learning_rate * share * error), 1 / furthest, furthest);
  }
}

CostModel Chooser::corrected_costs(unsigned running_threads) const {
  const Conditions conditions{running_threads, false, true};
  CostModel costs = costs_;
  const double engine = corrections(Way::Engine, conditions)[0];
  const double copy = corrections(Way::Copy, conditions)[0];
  costs.move_call *= engine;
  costs.move_running_thread *= engine;
  costs.move_page *= corrections(Way::Engine, conditions)[1];
  costs.copy_byte *= copy;
  costs.fault_page *= copy;
  costs.release_page *= copy;
  return costs;
}

}  // namespace shunt
