// Medians, and ratios of interleaved pairs, for benchmarks that compare sides in one process.
//
// The i-th samples of two sides were taken in the same round, moments apart. Their quotient cancels what the
// machine was doing then; the median of the quotients is what a benchmark reports. Absolute times of shared
// machines are not compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace shunt::bench {

// 0 for no samples.
inline double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  if (samples.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(samples.begin(), middle)) / 2;
}

// Median of numerator[i] / denominator[i].
inline double paired_ratio(const std::vector<double>& numerator, const std::vector<double>& denominator) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(numerator.size(), denominator.size()); ++i) {
    ratios.push_back(numerator[i] / denominator[i]);
  }
  return median(ratios);
}

// Median of minuend[i] - subtrahend[i].
inline double paired_difference(const std::vector<double>& minuend, const std::vector<double>& subtrahend) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(minuend.size(), subtrahend.size()); ++i) {
    differences.push_back(minuend[i] - subtrahend[i]);
  }
  return median(differences);
}

}  // namespace shunt::bench
