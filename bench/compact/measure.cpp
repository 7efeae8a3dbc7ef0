// Interleaved rounds of all contenders of a cell.
#include "compact/measure.hpp"

#include "support/environment.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {

std::vector<double> Measured::each(double (*value)(const Sample&)) const {
  std::vector<double> values;
  for (const Sample& sample : rounds) values.push_back(value(sample));
  return values;
}

double Measured::median_of(double (*value)(const Sample&)) const { return median(each(value)); }

MeasuredCell measure(const Cell& cell, const std::vector<std::string>& contenders) {
  stay_on_cpu(usable_cpus().front());
  const std::unique_ptr<Population> population = make_population(cell);
  MeasuredCell measured;
  std::optional<CostModel> costs;
  for (unsigned round = 0; round < cell.rounds + (cell.warms_up ? 1 : 0); ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const std::string& name = contenders[(i + round) % contenders.size()];
      const bool verify = round == 0;
      const Sample sample = compact_once(name, *population, verify, costs);
      measured[name].damaged += sample.damaged;
      if (round != 0 || !cell.warms_up) measured[name].rounds.push_back(sample);
    }
  }
  return measured;
}

}  // namespace shunt::bench
