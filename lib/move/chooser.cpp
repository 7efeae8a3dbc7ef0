// Prediction, choice, and the correction of predictions by what was observed.
#include "move/chooser.hpp"

#include <algorithm>

namespace shunt {
namespace {

// How much of an observed error is believed at once, and how far a correction may go in all: one slow batch
// on a shared machine must not turn the choice for good.
constexpr double learning_rate = 0.25;
constexpr double furthest = 20;

// Within this factor the model may well be wrong about which way is cheaper. Then the dearer one is tried
// once in so many batches, so that being right costs at most (close_call - 1) / (try_other_after + 1) of the
// time.
constexpr double close_call = 1.4;
constexpr std::uint16_t try_other_after = 24;

// The factor that brings a correction nearer to what was seen: the same for twice as slow as, inverted, for
// twice as fast. Plain arithmetic: a batch may take 30 us in all, and libm's code and tables come from far
// away then.
double step_towards(double seen, double predicted, double share) {
  const double slower = std::min(seen / predicted, 2.0) - 1;
  const double faster = std::min(predicted / seen, 2.0) - 1;
  return slower >= 0 ? 1 + learning_rate * share * slower : 1 / (1 + learning_rate * share * faster);
}

}  // namespace

std::size_t Chooser::class_of(const MoveSpan& span) {
  if (span.huge) return 3;
  const std::size_t pages = span.bytes >> page_shift;
  return pages <= 8 ? 0 : pages <= 128 ? 1 : 2;
}

double Chooser::predict(const MoveSpan& span, Way way, const Conditions& conditions) const {
  const std::size_t pages = span.bytes >> page_shift;
  double cost = way == Way::Copy ? costs_.predict_copy(span.bytes, pages, conditions.destination_warm)
                                 : costs_.predict_move(span.bytes, span.huge, conditions.running_threads);
  // The engine wants an empty destination; dead pages there are dropped first.
  if (way == Way::Engine && conditions.destination_warm)
    cost += costs_.release_page * static_cast<double>(pages);
  return cost * experience(way, conditions).corrections[class_of(span)];
}

Way Chooser::choose(const MoveSpan& span, const Conditions& conditions) const {
  if (!conditions.engine_available || mode_ == Mode::AlwaysCopy) return Way::Copy;
  if (mode_ == Mode::AlwaysEngine) return Way::Engine;
  const double engine = predict(span, Way::Engine, conditions);
  const double copy = predict(span, Way::Copy, conditions);
  const Way cheaper = engine <= copy ? Way::Engine : Way::Copy;
  const Way other = engine <= copy ? Way::Copy : Way::Engine;
  const bool close = std::max(engine, copy) <= close_call * std::min(engine, copy);
  return close && experience(other, conditions).passed_over[class_of(span)] >= try_other_after ? other
                                                                                               : cheaper;
}

void Chooser::observe(Way way, const Conditions& conditions, const Observation& seen) {
  double predicted = 0;
  for (const double p : seen.predicted_by_class) predicted += p;
  if (predicted <= 0 || seen.nanoseconds <= 0) return;
  Experience& mine = experience(way, conditions);
  Experience& others = experience(way == Way::Engine ? Way::Copy : Way::Engine, conditions);
  for (std::size_t c = 0; c < mine.corrections.size(); ++c) {
    if (seen.predicted_by_class[c] <= 0) continue;
    const double share = seen.predicted_by_class[c] / predicted;
    mine.corrections[c] = std::clamp(mine.corrections[c] * step_towards(seen.nanoseconds, predicted, share),
                                     1 / furthest, furthest);
    mine.passed_over[c] = 0;
    if (others.passed_over[c] < try_other_after) ++others.passed_over[c];
  }
}

CostModel Chooser::corrected_costs(unsigned running_threads) const {
  const Conditions conditions{running_threads, false, true};
  CostModel costs = costs_;
  const double engine = experience(Way::Engine, conditions).corrections[0];
  const double copy = experience(Way::Copy, conditions).corrections[0];
  costs.move_call *= engine;
  costs.move_running_thread *= engine;
  costs.move_page *= experience(Way::Engine, conditions).corrections[1];
  costs.copy_byte *= copy;
  costs.fault_page *= copy;
  costs.release_page *= copy;
  return costs;
}

}  // namespace shunt
