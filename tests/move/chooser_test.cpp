// The chooser and its cost model as pure values, and the calibration that fills them on this host.
#include <cmath>

#include "move/calibration.hpp"
#include "move/mover_stage.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

MoveSpan run_of(std::size_t pages, bool huge = false) {
  return {Address{1u << 30}, Address{2u << 30}, pages * page_bytes, huge};
}

constexpr Chooser::Conditions parked{};

// The host takes `engine` and `copy` times what the model says; the chooser sees only totals.
struct SlowHost {
  double engine = 1;
  double copy = 1;
  Chooser chooser{CostModel{}, Chooser::Mode::Predict};

  double time(const MoveSpan& span, Way way, const Chooser::Conditions& conditions) const {
    const Chooser uncorrected(CostModel{}, Chooser::Mode::Predict);
    return uncorrected.predict(span, way, conditions) * (way == Way::Engine ? engine : copy);
  }
  void show(const MoveSpan& span, Way way, const Chooser::Conditions& conditions, double hiccup = 1) {
    Chooser::Observation seen;
    seen.add(span, chooser.predict(span, way, conditions));
    seen.nanoseconds = time(span, way, conditions) * hiccup;
    chooser.observe(way, conditions, seen);
  }
};

}  // namespace

TEST_CASE("the cost model: calls, pages and running threads add up") {
  CostModel costs;
  CHECK(costs.predict_move(page_bytes, false, 0) == doctest::Approx(costs.move_call + costs.move_page));
  CHECK(costs.predict_move(64 * page_bytes, false, 2) ==
        doctest::Approx(costs.move_call + 64 * costs.move_page + 2 * costs.move_running_thread));
  CHECK(costs.predict_move(3 * huge_page_bytes, true, 0) ==
        doctest::Approx(costs.move_call + 3 * costs.move_huge_page));
  CHECK(costs.predict_copy(100, 1, false) ==
        doctest::Approx(100 * costs.copy_byte + costs.fault_page + costs.release_page));
  CHECK(costs.predict_copy(0, 5, true) == doctest::Approx(5 * costs.release_page));
  CHECK(costs.predict_copy(page_bytes + 1, 2, true) < costs.predict_copy(page_bytes + 1, 2, false));
}

TEST_CASE("a forced choice is made whatever the costs, except where the engine is not to be had") {
  CostModel dear;
  dear.move_call = 1e12;
  const Chooser always(dear, Chooser::Mode::AlwaysEngine);
  CHECK(always.choose(run_of(1), parked) == Way::Engine);
  Chooser::Conditions unavailable;
  unavailable.engine_available = false;
  CHECK(always.choose(run_of(512, true), unavailable) == Way::Copy);
  CHECK(Chooser(CostModel{}, Chooser::Mode::Predict).choose(run_of(512, true), unavailable) == Way::Copy);
  CHECK(Chooser(CostModel{}, Chooser::Mode::AlwaysCopy).choose(run_of(512, true), parked) == Way::Copy);
}

TEST_CASE("long runs go by the engine, and there is one length at which the choice turns") {
  const Chooser chooser(CostModel{}, Chooser::Mode::Predict);
  for (const unsigned threads : {0u, 1u, 4u}) {
    for (const bool warm : {false, true}) {
      const Chooser::Conditions conditions{threads, warm, true};
      Way before = Way::Copy;
      for (std::size_t pages = 1; pages <= 16384; pages *= 2) {
        const Way way = chooser.choose(run_of(pages), conditions);
        CHECK_FALSE((before == Way::Engine && way == Way::Copy));
        before = way;
      }
      CHECK(before == Way::Engine);
    }
  }
  CHECK(chooser.choose(run_of(512, true), parked) == Way::Engine);
}

TEST_CASE("running threads tip the choice towards the copy, and so does a warm destination") {
  const Chooser chooser(CostModel{}, Chooser::Mode::Predict);
  CHECK(chooser.choose(run_of(2), parked) == Way::Engine);
  CHECK(chooser.choose(run_of(2), {8, false, true}) == Way::Copy);
  CHECK(chooser.predict(run_of(1), Way::Copy, {0, true, true}) <
        chooser.predict(run_of(1), Way::Copy, parked));
  CHECK(chooser.predict(run_of(1), Way::Engine, {0, true, true}) >
        chooser.predict(run_of(1), Way::Engine, parked));
  CHECK(chooser.choose(run_of(1), {0, true, true}) == Way::Copy);
}

TEST_CASE("corrections converge on what the host takes, and only for the kind that was seen") {
  SlowHost host{5, 0.5, {}};
  const double untouched = host.chooser.predict(run_of(1000), Way::Engine, parked);
  for (int i = 0; i < 40; ++i) {
    host.show(run_of(4), Way::Engine, parked);
    host.show(run_of(4), Way::Copy, parked);
  }
  for (const Way way : {Way::Engine, Way::Copy}) {
    CHECK(host.chooser.predict(run_of(4), way, parked) ==
          doctest::Approx(host.time(run_of(4), way, parked)).epsilon(0.01));
  }
  CHECK(host.chooser.predict(run_of(1000), Way::Engine, parked) == untouched);
  const Chooser fresh(CostModel{}, Chooser::Mode::Predict);
  const Chooser::Conditions running{1, false, true};
  CHECK(host.chooser.predict(run_of(4), Way::Engine, running) ==
        fresh.predict(run_of(4), Way::Engine, running));
  CHECK(host.chooser.choose(run_of(4), parked) == Way::Copy);
  CHECK(fresh.choose(run_of(4), parked) == Way::Engine);
}

TEST_CASE("a batch of several kinds is shared out and still converges") {
  SlowHost host{3, 1, {}};
  for (int i = 0; i < 300; ++i) {
    Chooser::Observation seen;
    for (const std::size_t pages : {1, 32, 32, 2000}) {
      const MoveSpan span = run_of(pages);
      seen.add(span, host.chooser.predict(span, Way::Engine, parked));
      seen.nanoseconds += host.time(span, Way::Engine, parked);
    }
    host.chooser.observe(Way::Engine, parked, seen);
  }
  double predicted = 0;
  double real = 0;
  for (const std::size_t pages : {1, 32, 32, 2000}) {
    predicted += host.chooser.predict(run_of(pages), Way::Engine, parked);
    real += host.time(run_of(pages), Way::Engine, parked);
  }
  CHECK(predicted == doctest::Approx(real).epsilon(0.02));
}

TEST_CASE("one hiccup does not turn the choice for good, and nonsense is not believed at all") {
  SlowHost host;
  const Way before = host.chooser.choose(run_of(64), parked);
  host.show(run_of(64), Way::Engine, parked, 1000);
  for (int i = 0; i < 30; ++i) host.show(run_of(64), Way::Engine, parked);
  CHECK(host.chooser.choose(run_of(64), parked) == before);
  for (int i = 0; i < 1000; ++i) host.show(run_of(64), Way::Engine, parked, 1e9);
  CHECK(std::isfinite(host.chooser.predict(run_of(64), Way::Engine, parked)));
  const double kept = host.chooser.predict(run_of(64), Way::Copy, parked);
  host.chooser.observe(Way::Copy, parked, {});
  CHECK(host.chooser.predict(run_of(64), Way::Copy, parked) == kept);
}

TEST_CASE("what a planner is told follows the corrections") {
  SlowHost host{4, 2, {}};
  for (int i = 0; i < 60; ++i) {
    host.show(run_of(4), Way::Engine, parked);
    host.show(run_of(4), Way::Copy, parked);
  }
  const CostModel costs = host.chooser.corrected_costs(0);
  CHECK(costs.move_call == doctest::Approx(4 * CostModel{}.move_call).epsilon(0.02));
  CHECK(costs.copy_byte == doctest::Approx(2 * CostModel{}.copy_byte).epsilon(0.02));
}

namespace {

void check_sane(const CostModel& costs) {
  for (const double constant : {costs.move_call, costs.move_page, costs.move_huge_page, costs.split_huge_page,
                                costs.move_running_thread, costs.copy_byte, costs.fault_page,
                                costs.release_page, costs.release_call}) {
    CHECK(std::isfinite(constant));
    CHECK(constant > 0);
    CHECK(constant < 1e9);
  }
}

void calibrate_in(const WorldMaker& maker, bool with_engine) {
  SHUNT_NEEDS(maker.missing() == nullptr, maker.missing());
  const auto world = maker.make(calibration_bytes, os::HugePageAdvice::Default);
  check_sane(
      calibrate(os::SystemCalls::real(), with_engine ? &world->mover() : nullptr, world->heap.range()));
  CHECK(world->heap.resident_bytes() == 0);
  CHECK(world->heap.what_is_wrong_with_contents() == "");
  CHECK(world->heap.what_is_wrong_with_mapping() == "");
}

}  // namespace

TEST_CASE("calibration of UFFDIO_MOVE gives usable constants and leaves its scratch empty") {
  calibrate_in(uffd_world(), true);
}
TEST_CASE("calibration of mremap gives usable constants and leaves its scratch empty") {
  calibrate_in(remap_world(MoverKind::RemapSingle), true);
}
TEST_CASE("calibration of page copy alone gives usable constants and leaves its scratch empty") {
  calibrate_in(page_copy_world(), false);
}

TEST_CASE("calibration with an engine that fails (simulated) keeps the defaults") {
  SHUNT_NEEDS_UFFD_MOVE();
  FaultyKernel faulty;
  TestHeap heap(calibration_bytes);
  UffdMover engine(faulty.gate());
  REQUIRE(engine.open(heap.range()).ok());
  faulty.fail(is_uffd_move, 0, FaultyKernel::for_ever, EPERM);
  const CostModel costs = calibrate(faulty.gate(), &engine, heap.range());
  check_sane(costs);
  CHECK(costs.move_call == CostModel{}.move_call);
  CHECK(costs.move_huge_page == CostModel{}.move_huge_page);
  CHECK(heap.resident_bytes() == 0);
}

TEST_CASE("a page mover calibrates beside its reservation, not in it, and gives the scratch back") {
  for (const EngineKind engine : {EngineKind::Relocate, EngineKind::Remap, EngineKind::Copy}) {
    if (engine == EngineKind::Remap && !host_can_remap()) continue;
    TestHeap heap(1 << 20);
    const std::size_t before = os::count_vmas(os::SystemCalls::real()).value();
    PageMoverOptions options;
    options.engine = engine;
    {
      PageMover pages(os::SystemCalls::real(), heap.range(), options);
      pages.open(host_capabilities());
      check_sane(pages.chooser().costs());
      CHECK(heap.resident_bytes() == 0);
      CHECK(heap.vmas() == 1);
    }
    CHECK(os::count_vmas(os::SystemCalls::real()).value() <= before + 2);  // malloc may map meanwhile
  }
}
