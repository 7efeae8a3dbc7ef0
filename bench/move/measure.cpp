// Interleaved rounds of all contenders of a cell, and the medians of their paired ratios.
#include "move/measure.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "move/contender.hpp"
#include "support/running_mutator.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

double timed(Contender& contender) {
  const auto start = std::chrono::steady_clock::now();
  contender.run();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

void take_turn(Contender& contender, unsigned round, Samples& samples) {
  contender.prepare(round);
  const double nanoseconds = timed(contender);
  samples.failed_calls = contender.failed_calls();
  samples.vmas_added = std::max(samples.vmas_added, contender.finish());
  if (round != 0) samples.nanoseconds.push_back(nanoseconds);
}

}  // namespace

Measured measure(const Cell& cell, const std::vector<std::string>& contenders, unsigned rounds,
                 const os::Capabilities& capabilities) {
  const std::vector<int>& cpus = usable_cpus();
  stay_on_cpu(cpus.front());
  std::optional<RunningMutator> mutator;
  if (cell.mutator_runs) mutator.emplace(cpus.back());
  std::vector<std::unique_ptr<Contender>> all;
  for (const std::string& name : contenders) all.push_back(make_contender(name, cell, capabilities));
  Measured measured;
  for (unsigned round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      Contender& contender = *all[(i + round) % all.size()];
      take_turn(contender, round, measured[contender.name()]);
    }
  }
  return measured;
}

double regret_of(const std::string& name, const Measured& measured) {
  if (name != chooser && name != chooser_warm) return 0;
  const bool warm = name == chooser_warm;
  const Samples* better = &measured.at(warm ? page_copy_warm : page_copy);
  for (const char* engine : {warm ? uffdio_move_warm : uffdio_move, mremap_multi, mremap_single}) {
    const auto found = measured.find(engine);
    if (found == measured.end()) continue;
    if (median(found->second.nanoseconds) < median(better->nanoseconds)) better = &found->second;
    break;  // the first that is there is the engine that the reservation has
  }
  return paired_ratio(measured.at(name).nanoseconds, better->nanoseconds);
}

}  // namespace shunt::bench
