// How often which duration was seen, for percentiles: 32 buckets for each power of two, as in HdrHistogram,
// so that a percentile is off by at most 3 %.
//
// add() is a few instructions. Not thread-safe: one a thread, joined by merge().
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace shunt::bench {

class Histogram {
 public:
  void add(std::uint64_t v) {
    ++buckets_[bucket_of(v)];
    ++count_;
  }
  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
  }
  std::uint64_t count() const { return count_; }

  // The middle of the bucket that the given share (0 to 1) of all values does not exceed; 0 when there is
  // none.
  double at(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted || (seen == count_ && seen != 0)) return middle_of(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned sub_bits = 5;
  static constexpr std::uint64_t sub_buckets = std::uint64_t{1} << sub_bits;

  // Values below 32 have a bucket each; above, the leading bit and the five behind it choose.
  static std::size_t bucket_of(std::uint64_t v) {
    if (v < sub_buckets) return v;
    const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - sub_bits - 1;
    return (std::size_t{shift} << sub_bits) + (v >> shift);
  }
  static double middle_of(std::size_t bucket) {
    if (bucket < 2 * sub_buckets) return static_cast<double>(bucket);
    const std::size_t shift = (bucket >> sub_bits) - 1;
    const std::uint64_t low = (bucket - (shift << sub_bits)) << shift;
    return static_cast<double>(low) + static_cast<double>((std::uint64_t{1} << shift) - 1) / 2;
  }

  std::array<std::uint64_t, (64 - sub_bits + 1) * sub_buckets> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace shunt::bench
