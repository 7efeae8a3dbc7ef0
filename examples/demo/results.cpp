// Medians and paired ratios of the rounds.
#include "results.hpp"

#include <sys/utsname.h>

#include <algorithm>

namespace shunt::demo {

const Round& Run::median() const {
  std::vector<const Round*> order;
  for (const Round& round : rounds) order.push_back(&round);
  std::ranges::sort(order, {}, &Round::nanoseconds);
  return *order[(order.size() - 1) / 2];
}

std::uint64_t Results::objects_total() const {
  return runs.empty() ? 0 : runs.front().rounds.front().verification.total;
}

std::uint64_t Results::objects_verified() const {
  std::uint64_t fewest = objects_total();
  for (const Run& run : runs) {
    for (const Round& round : run.rounds) fewest = std::min(fewest, round.verification.verified);
  }
  return fewest;
}

// The same objects with the same contents in every round, all of them as they should be.
bool Results::all_verified() const {
  if (runs.empty()) return false;
  const Verification& first = runs.front().rounds.front().verification;
  for (const Run& run : runs) {
    for (const Round& round : run.rounds) {
      const Verification& v = round.verification;
      if (!v.all() || v.total != first.total || v.contents != first.contents) return false;
    }
  }
  return true;
}

double Results::ratio_vs_memset_copy(const Run& run) const {
  const auto baseline = std::ranges::find(runs, std::string(name_of(Contender::MemsetCopy)), &Run::name);
  return baseline == runs.end() || run.seconds() <= 0 ? 0 : baseline->seconds() / run.seconds();
}

std::string kernel_name() {
  utsname names{};
  if (uname(&names) != 0) return "unknown kernel";
  return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

}  // namespace shunt::demo
