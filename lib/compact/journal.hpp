// The journal of a compaction: what was intended, what is done, what stayed.
//
// One byte for each page run and each copied cluster of the plan. A step is marked intended before anything
// changes, and done or left when it is known where its pages are; so a plan may be partly done, never half
// done: every run and every cluster is wholly at its old or wholly at its new place, and the journal says
// which. Forwarding is made from it before it is published. Not thread-safe: one thread compacts.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/check.hpp"

namespace shunt {

enum class Step : std::uint8_t { Planned, Intended, Done, Left };

class Journal {
 public:
  Journal() = default;
  Journal(std::span<Step> runs, std::span<Step> copies) : runs_(runs), copies_(copies) {}

  // Steps [first, first + count) are about to be tried together.
  void intend_runs(std::size_t first, std::size_t count) {
    for (Step& step : runs_.subspan(first, count)) change(step, Step::Planned, Step::Intended);
  }
  void intend_copy(std::size_t copy) { change(copies_[copy], Step::Planned, Step::Intended); }
  void finish_run(std::size_t run, bool moved) {
    change(runs_[run], Step::Intended, moved ? Step::Done : Step::Left);
  }
  // It had moved, but the end of it belongs to a cluster that stays.
  void take_back_run(std::size_t run) {
    if (runs_[run] != Step::Left) change(runs_[run], Step::Done, Step::Left);
  }
  void finish_copy(std::size_t copy, bool moved) {
    change(copies_[copy], Step::Intended, moved ? Step::Done : Step::Left);
  }

  Step run(std::size_t i) const { return runs_[i]; }
  Step copy(std::size_t i) const { return copies_[i]; }

 private:
  static void change(Step& step, Step from, Step to) {
    SHUNT_CHECK(static_cast<int>(step), ==, static_cast<int>(from));
    step = to;
  }

  std::span<Step> runs_{};
  std::span<Step> copies_{};
};

}  // namespace shunt
