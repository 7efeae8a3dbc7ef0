// Why no reader ever sees a recycled region, explored from end to end: a compactor moves a region's object,
// forwards, fixes the reference, quarantines, waits for the epochs, releases; a reader inside an epoch
// follows the reference through the load barrier meanwhile; an allocator claims what is free and writes to
// it.
#include "region/epochs.hpp"
#include "region/exploration.hpp"

using namespace shunt::testing;
using namespace shunt;

namespace {

using enum RegionState;
using Epochs = BasicEpochs<Simulated, EpochProtocol, SimulatedBarrier>;

constexpr RegionIndex from{0}, to{1};
constexpr std::uint32_t slot = 3, object = 7, somebody_elses = 9;

struct Recycling : ExploredRegions {
  std::array<Epochs::Slot, 1> slots;
  Epochs::Control epoch_control;
  Simulated<std::uint32_t> reference;  // the region that the one reference to the object names
  Epochs epochs;
  std::optional<Epochs::Reader> reader;

  // What the load barrier asks of the forwarding that the compactor has built.
  Address forward_in_slot(std::uint32_t given, Address) const {
    require(given == slot, "the slot is the one that was given");
    require(entry == value(to), "the entry is written, and not gone");
    return address_in(value(to));
  }
};

void prepare(Recycling& s, SimulatedBarrier::Kernel kernel) {
  s.reference.name("reference");
  s.slots[0].entered.name("entered");
  s.epoch_control.epoch.name("epoch");
  s.open(3);
  for (const RegionIndex r : {from, to}) {
    require(s.table.claim(RegionKind::Small) == r, "the lowest is claimed");
  }
  s.contents[value(from)] = object;
  require(bool(s.table.transition(from, Allocating, Live)), "filled");
  s.epochs = Epochs(s.slots, s.epoch_control, SimulatedBarrier(kernel));
  s.reader.emplace(s.epochs.join("a reader").take());
}

template <bool waits_for_readers>
void compact(Recycling& s) {
  require(bool(s.table.transition(from, Live, Selected, slot)), "nobody else selects");
  s.contents[value(to)] = std::uint32_t(s.contents[value(from)]);
  s.entry = value(to);
  require(bool(s.table.transition(from, Selected, Forwarding)), "nobody else forwards");
  s.reference.store(value(to), std::memory_order_release);
  require(bool(s.table.transition(from, Forwarding, Quarantined)), "nobody else quarantines");
  const std::uint64_t stamp = s.epochs.retire();
  if (waits_for_readers && s.epochs.reusable_below(stamp) <= stamp) return;
  s.entry = 0;
  require(bool(s.table.release(from)), "nobody else releases");
}

void read(Recycling& s) {
  s.reader->enter();
  const Address named = ExploredRegions::address_in(s.reference.load(std::memory_order_acquire));
  const RegionIndex region = s.table.region_of(s.table.forward(named, s));
  require(region == from || region == to, "the object is at its old place or at its new one");
  require(s.contents[value(region)] == object, "and is what it was");
  s.reader->leave();
}

void allocate(Recycling& s) {
  const RegionIndex r = s.table.claim(RegionKind::Small);
  require(r != to, "the destination is taken");
  if (r != RegionIndex::none) s.contents[value(r)] = somebody_elses;
}

template <bool waits_for_readers>
Program<Recycling> recycling(SimulatedBarrier::Kernel kernel) {
  Program<Recycling> program;
  program.prepare = [=](Recycling& s) { prepare(s, kernel); };
  program.threads = {compact<waits_for_readers>, read, allocate};
  program.finish = [](Recycling& s) {
    require(s.contents[value(to)] == object, "the object is where the reference says");
    const RegionState state = s.table.word(from).state();
    require(state == Quarantined || state == Free || state == Allocating, "the region is empty, or reused");
  };
  return program;
}

}  // namespace

TEST_CASE("exploration: a region is recycled under a reader's eyes, and the reader never sees it") {
  explore_all("move/forward/recycle/claim, asymmetric", recycling<true>(SimulatedBarrier::Kernel::has_it));
  explore_all("move/forward/recycle/claim, fences", recycling<true>(SimulatedBarrier::Kernel::lacks_it));
}

TEST_CASE("exploration: a region that is released without waiting for its readers is seen by one") {
  for (const Mode mode : {Mode::sequentially_consistent, Mode::release_acquire}) {
    Options options;
    options.mode = mode;
    const Report report = explore(recycling<false>(SimulatedBarrier::Kernel::has_it), options);
    CHECK_FALSE(report.violation.empty());
  }
}
