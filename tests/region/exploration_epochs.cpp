// Epochs, explored: readers that join, enter and leave while a reclaimer unlinks, retires and reuses, with a
// kernel that has the process-wide barrier, lacks it, or comes to refuse it (its calls, or those who join
// late, too). What is reused is plain data, so a reader that may still look at it, or has looked and is not
// known to have finished, is a data race. Then each member of EpochProtocol is weakened, and must be missed.
#include "region/epochs.hpp"
#include "region/exploration.hpp"

using namespace shunt::testing;
using namespace shunt;

namespace {

using Kernel = SimulatedBarrier::Kernel;

// EpochProtocol with orders that a test may change while it runs. The steps are constants, as `if constexpr`
// wants them: each mutant is a type.
struct MutableEpochs {
  static inline auto epoch_read = EpochProtocol::epoch_read;
  static inline auto epoch_advance = EpochProtocol::epoch_advance;
  static inline auto slot_enter = EpochProtocol::slot_enter;
  static inline auto slot_leave = EpochProtocol::slot_leave;
  static inline auto slot_scan = EpochProtocol::slot_scan;
  static inline auto slot_take = EpochProtocol::slot_take;
  static inline auto slot_give = EpochProtocol::slot_give;
  static constexpr bool reader_bars = EpochProtocol::reader_bars;
  static constexpr bool joiner_fences = EpochProtocol::joiner_fences;
  static constexpr bool reclaimer_fences = EpochProtocol::reclaimer_fences;
  static constexpr bool reclaimer_runs_heavy = EpochProtocol::reclaimer_runs_heavy;
};
struct NoReaderBars : MutableEpochs {
  static constexpr bool reader_bars = false;
};
struct NoJoinerFences : MutableEpochs {
  static constexpr bool joiner_fences = false;
};
struct NoReclaimerFences : MutableEpochs {
  static constexpr bool reclaimer_fences = false;
};
struct NoHeavyBarrier : MutableEpochs {
  static constexpr bool reclaimer_runs_heavy = false;
};

void restore_orders() {
  MutableEpochs::epoch_read = EpochProtocol::epoch_read;
  MutableEpochs::epoch_advance = EpochProtocol::epoch_advance;
  MutableEpochs::slot_enter = EpochProtocol::slot_enter;
  MutableEpochs::slot_leave = EpochProtocol::slot_leave;
  MutableEpochs::slot_scan = EpochProtocol::slot_scan;
  MutableEpochs::slot_take = EpochProtocol::slot_take;
  MutableEpochs::slot_give = EpochProtocol::slot_give;
}

constexpr std::uint32_t original = 7, reused = 9;

template <class Protocol>
struct Explored {
  using Epochs = BasicEpochs<Simulated, Protocol, SimulatedBarrier>;
  using Reader = typename Epochs::Reader;

  std::array<typename Epochs::Slot, 2> slots;
  typename Epochs::Control control;
  Simulated<std::uint32_t> link;  // 1: the object can be found
  Plain<std::uint32_t> object;
  Epochs epochs;
  std::optional<Reader> joined;  // before the threads began
  std::uint64_t stamp = 0;

  Explored() {
    for (int i = 0; i < 2; ++i) {
      slots[std::size_t(i)].entered.name("entered", i);
      slots[std::size_t(i)].taken.name("taken", i);
    }
    control.epoch.name("epoch");
    control.slots_touched.name("slots_touched");
    link.name("link");
    object.name("object");
  }
  void open(Kernel kernel, unsigned slot_count, bool joins) {
    epochs = Epochs(std::span(slots).first(slot_count), control, SimulatedBarrier(kernel));
    link.store(1);
    object = original;
    if (joins) joined.emplace(std::move(epochs.join("a reader").value()));
  }

  // The link is relaxed: the epochs alone must protect what it leads to.
  void read(Reader& reader) {
    reader.enter();
    if (link.load(std::memory_order_relaxed) == 1) require(object == original, "what is found is not reused");
    reader.leave();
  }
  void join_and_read() {
    auto reader = epochs.join("a late reader");
    if (reader) read(reader.value());
  }
  void reclaim(unsigned tries) {
    link.store(0, std::memory_order_relaxed);
    stamp = epochs.retire();
    for (; tries > 0; --tries) {
      if (epochs.reusable_below(stamp) <= stamp) continue;
      object = reused;
      return;
    }
  }
};

template <class Protocol>
struct EpochScenario {
  std::string name;
  Program<Explored<Protocol>> program;
};

template <class Protocol>
std::vector<EpochScenario<Protocol>> epoch_scenarios() {
  using State = Explored<Protocol>;
  const auto read = [](State& s) { s.read(*s.joined); };
  const auto read_twice = [](State& s) {
    s.read(*s.joined);
    s.read(*s.joined);
  };
  const auto join = [](State& s) { s.join_and_read(); };
  const auto reclaim = [](State& s) { s.reclaim(1); };
  const auto reclaim_twice = [](State& s) { s.reclaim(2); };
  const auto never_joined = [](State& s) {
    s.link.store(0, std::memory_order_relaxed);
    s.stamp = s.epochs.retire();
    if (!s.epochs.ever_joined()) s.object = reused;
  };
  struct Shape {
    const char* name;
    unsigned slots;
    bool joins;
    std::vector<std::function<void(State&)>> threads;
  };
  const std::vector<Shape> shapes = {{"enter/retire/reuse", 1, true, {read, reclaim_twice}},
                                     {"enter twice/retire/reuse", 1, true, {read_twice, reclaim}},
                                     {"join/retire/reuse", 1, false, {join, reclaim_twice}},
                                     {"join/nobody ever joined", 1, false, {join, never_joined}},
                                     {"join/join the same slot/reuse", 1, false, {join, join, reclaim}},
                                     {"enter/join/reuse", 2, true, {read, join, reclaim}}};
  std::vector<EpochScenario<Protocol>> scenarios;
  const std::pair<Kernel, const char*> kernels[] = {
      {Kernel::has_it, ", asymmetric"},
      {Kernel::lacks_it, ", fences"},
      {Kernel::refuses_calls, ", refused later"},
      {Kernel::refuses_calls_and_late_joiners, ", all refused later"}};
  for (const auto& [kernel, with] : kernels) {
    for (const Shape& shape : shapes) {
      Program<State> program;
      program.prepare = [kernel = kernel, slots = shape.slots, joins = shape.joins](State& s) {
        s.open(kernel, slots, joins);
      };
      program.threads = shape.threads;
      // Once all have left, what was retired can be reused; where calls are refused not yet, perhaps: a
      // reader may have to enter once more, with a fence, before it is believed to be outside.
      program.finish = [kernel = kernel](State& s) {
        if (kernel != Kernel::has_it && kernel != Kernel::lacks_it) return;
        require(s.epochs.reusable_below(s.stamp) > s.stamp, "nobody is inside: it can be reused");
      };
      scenarios.push_back({std::string(shape.name) + with, program});
    }
  }
  return scenarios;
}

// The names of the scenarios that find something.
template <class Protocol>
std::string found_by() {
  std::string found;
  for (const auto& scenario : epoch_scenarios<Protocol>()) {
    const Report report = explore(scenario.program, Options{});
    if (report.violation.empty()) continue;
    CHECK_FALSE(report.trace.empty());
    found += std::string(found.empty() ? "" : "; ") + scenario.name;
  }
  return found;
}

struct OrderMutant {
  const char* name;
  std::memory_order* order;
};

}  // namespace

TEST_CASE("exploration: epochs, readers against a reclaimer") {
  for (const auto& scenario : epoch_scenarios<MutableEpochs>()) explore_all(scenario.name, scenario.program);
}

TEST_CASE("exploration: every order of the epochs' protocol is missed when it is relaxed") {
  for (const OrderMutant& mutant : {OrderMutant{"epoch_read", &MutableEpochs::epoch_read},
                                    OrderMutant{"epoch_advance", &MutableEpochs::epoch_advance},
                                    OrderMutant{"slot_enter", &MutableEpochs::slot_enter},
                                    OrderMutant{"slot_leave", &MutableEpochs::slot_leave},
                                    OrderMutant{"slot_scan", &MutableEpochs::slot_scan},
                                    OrderMutant{"slot_take", &MutableEpochs::slot_take},
                                    OrderMutant{"slot_give", &MutableEpochs::slot_give}}) {
    *mutant.order = std::memory_order_relaxed;
    const std::string found = found_by<MutableEpochs>();
    restore_orders();
    CHECK_MESSAGE(!found.empty(), mutant.name, " relaxed: no scenario notices, so it is not needed");
    MESSAGE(std::string(mutant.name), " relaxed: found by ", found);
  }
}

TEST_CASE("exploration: every step of the epochs' protocol is missed when it is left out") {
  struct StepMutant {
    std::string name, found_by;
  };
  const StepMutant mutants[] = {{"reader_bars", found_by<NoReaderBars>()},
                                {"joiner_fences", found_by<NoJoinerFences>()},
                                {"reclaimer_fences", found_by<NoReclaimerFences>()},
                                {"reclaimer_runs_heavy", found_by<NoHeavyBarrier>()}};
  for (const StepMutant& mutant : mutants) {
    CHECK_MESSAGE(!mutant.found_by.empty(), mutant.name, " left out: no scenario notices: not needed");
    MESSAGE(mutant.name, " left out: found by ", mutant.found_by);
  }
}
