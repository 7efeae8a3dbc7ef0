// stress: thousands of small recorded histories of the region table, each checked against its sequential
// specification (region_spec.hpp). And the checker itself: with a step of the protocol left out, a history
// that cannot be explained must turn up.
#include <barrier>
#include <optional>

#include "stress/history_window.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

struct Checked {
  std::uint64_t histories = 0, events = 0, overlaps = 0, configurations = 0, unexplained = 0, given_up = 0;
  std::string report;  // of the first that is unexplained
};

// Windows one after another, each played by all threads at once and checked by the last to end it.
template <class Protocol>
class Windows {
 public:
  Windows(unsigned threads, unsigned rounds, std::uint64_t salt, bool stop_at_first)
      : threads_(threads), rounds_(rounds), salt_(salt), stop_at_first_(stop_at_first) {
    open_next();
  }

  Checked run() {
    std::barrier done(threads_, [this]() noexcept { check_and_open_next(); });
    run_workers(
        threads_, salt_,
        [&](Worker& worker) {
          while (window_) {
            window_->play(worker.self - 1, worker);
            done.arrive_and_wait();
          }
        },
        3);
    return checked_;
  }

 private:
  void open_next() {
    window_.reset();
    if (checked_.histories == rounds_ || (stop_at_first_ && checked_.unexplained != 0)) return;
    const auto seed = mixed_seed(salt_ << 32 | checked_.histories, 0);
    window_.emplace(threads_, 2 + static_cast<unsigned>(seed % 3), seed);
  }
  void check_and_open_next() {
    const auto events = window_->events();
    const Linearizability found = check_linearizable(events, window_->initial(), 200'000);
    ++checked_.histories;
    checked_.events += events.size();
    checked_.overlaps += window_->overlaps();
    checked_.configurations += found.configurations;
    checked_.given_up += found.verdict == LinearizabilityVerdict::GaveUp;
    if (found.verdict == LinearizabilityVerdict::NotLinearizable) {
      if (checked_.unexplained++ == 0) checked_.report = window_->initial_text() + found.report;
    }
    open_next();
  }

  const unsigned threads_, rounds_;
  const std::uint64_t salt_;
  const bool stop_at_first_;
  std::optional<HistoryWindow<Protocol>> window_;
  Checked checked_;
};

void expect_explained(unsigned threads, unsigned rounds) {
  INFO("seed ", test_seed(), ", threads ", threads);
  const Checked checked = Windows<RegionProtocol>(threads, rounds / slowness, threads, false).run();
  CHECK_MESSAGE(checked.unexplained == 0, checked.report);
  CHECK(checked.given_up * 100 <= checked.histories);
  CHECK(checked.overlaps > checked.histories / 10);
  record_count("histories", checked.histories);
  record_count("recorded steps", checked.events);
  record_count("overlapping pairs of calls", checked.overlaps);
  record_count("configurations searched", checked.configurations);
  record_count("histories given up", checked.given_up);
}

struct SameGeneration : RegionProtocol {
  static constexpr bool bumps_generation = false;
};
struct HalfClaimed : RegionProtocol {
  static constexpr bool undoes_failed_claims = false;
};

template <class Protocol>
void expect_found() {
  INFO("seed ", test_seed());
  const Checked checked = Windows<Protocol>(3, 20'000, 99, true).run();
  CHECK(checked.unexplained == 1);
  MESSAGE("found in history ", checked.histories);
}

}  // namespace

TEST_CASE("stress: what two threads saw of the table can be explained one call after another") {
  expect_explained(2, 20'000);
}
TEST_CASE("stress: what three threads saw of the table can be explained one call after another") {
  expect_explained(3, 20'000);
}
TEST_CASE("stress: what four threads saw of the table can be explained one call after another") {
  expect_explained(4, 15'000);
}

TEST_CASE("stress: histories show that a region's lives have no words of their own") {
  expect_found<SameGeneration>();
}
TEST_CASE("stress: histories show that a failed claim of several regions keeps some") {
  expect_found<HalfClaimed>();
}
