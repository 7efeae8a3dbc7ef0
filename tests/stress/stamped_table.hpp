// A region table for any atomic, with a stamp in plain memory beside each region: what its owner writes, as a
// mutator would write objects. Only the table's own orders keep one owner's writes apart from the next one's,
// so ThreadSanitizer reports a data race on a stamp when the table hands a region over without them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "region/region_table.hpp"
#include "stress/workers.hpp"

namespace shunt::testing {

template <template <class> class Atomic, class Protocol = RegionProtocol>
class StampedTable {
 public:
  using Table = BasicRegionTable<Atomic, Protocol>;

  explicit StampedTable(std::uint32_t region_count)
      : geometry_{Address{std::uintptr_t{1} << 44}, 21, 4, region_count},
        words_(region_count),
        control_(std::make_unique<typename Table::Control>()),
        stamps_(region_count),
        table(geometry_, words_, *control_) {}

  const HeapGeometry& geometry() const { return geometry_; }

  // What a claim that answered `head` promises about each of its regions. `count` 0: a single region of
  // `kind`.
  void took(Worker& worker, RegionIndex head, std::uint32_t count, RegionKind kind) {
    const std::uint32_t span = count == 0 ? 1 : count;
    for (std::uint32_t k = 0; k < span; ++k) {
      const RegionIndex r = head + k;
      const RegionWord w = table.word(r);
      const RegionKind wanted = count == 0 ? kind : k == 0 ? RegionKind::LargeHead : RegionKind::LargeTail;
      const std::uint32_t payload = count == 0 ? 0 : k == 0 ? count : k;
      expect(w.is(RegionState::Allocating) && w.kind() == wanted && w.payload() == payload,
             "claimed as something else", r, worker);
      expect(table.head_of(r) == head, "claimed with another head", r, worker);
      expect(value(r) < table.high_water(), "claimed above the high-water mark", r, worker);
      begin_life(worker, r, w.generation());
    }
  }
  // The regions of `head` from Allocating to Free, each state in order, the head first in each.
  void give_back(Worker& worker, RegionIndex head, std::uint32_t count) {
    using enum RegionState;
    for (const RegionState from : {Allocating, Live}) step(worker, head, count, from);
    end_life_in(worker, head, Selected, count);
  }
  // The same for regions that are in `from` already.
  void end_life_in(Worker& worker, RegionIndex head, RegionState from, std::uint32_t count = 1) {
    for (; from != RegionState::Quarantined; from = next(from)) step(worker, head, count, from);
    for (std::uint32_t k = 0; k < count; ++k) end_life(worker, head + k);
    expect(bool{table.release(head, count)}, "an own release was refused", head, worker);
  }

  void expect(bool kept, const char* what, RegionIndex r, const Worker& worker) {
    if (kept) return;
    const RegionWord w = table.word(r);
    findings.report(std::string(what) + ": region " + std::to_string(value(r)) + ", thread " +
                    std::to_string(worker.self) + ", now " + name_of(w.state()) + " " + name_of(w.kind()) +
                    " payload " + std::to_string(w.payload()) + " generation " +
                    std::to_string(w.generation()));
  }

  // When all threads have ended: nothing is held, the whole table can be claimed as one, and then region by
  // region, lowest first.
  void expect_all_free() {
    Worker last{0xFFFF, {}};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      const RegionIndex r{i};
      expect(table.word(r) == RegionWord{}.with_generation(table.word(r).generation()), "not clean", r, last);
      expect(stamps_[i].owner == 0, "still owned", r, last);
    }
    const RegionIndex all = table.claim_contiguous(table.size());
    expect(all == RegionIndex{0}, "the empty table cannot be claimed as one", RegionIndex{0}, last);
    if (all != RegionIndex{0}) return;
    give_back_untouched(last, table.size());
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      expect(table.claim(RegionKind::Small) == RegionIndex{i}, "not the lowest", RegionIndex{i}, last);
    }
    expect(table.claim(RegionKind::Small) == RegionIndex::none, "more than all", RegionIndex{0}, last);
  }

 private:
  struct Stamp {  // plain on purpose
    unsigned owner = 0;
    std::uint16_t generation = 0xFFFF;  // of the last life
    std::uint64_t lives = 0;
  };

  static RegionState next(RegionState s) { return static_cast<RegionState>(static_cast<unsigned>(s) + 1); }
  void step(Worker& worker, RegionIndex head, std::uint32_t count, RegionState from) {
    for (std::uint32_t k = 0; k < count; ++k) {
      expect(bool{table.transition(head + k, from, next(from))}, "an own transition was refused", head + k,
             worker);
    }
    worker.breathe();
  }
  void begin_life(Worker& worker, RegionIndex r, std::uint16_t generation) {
    Stamp& stamp = stamps_[value(r)];
    expect(stamp.owner == 0, "handed out twice", r, worker);
    // It wraps; undone claims may have made it grow by more than one.
    const auto grown = static_cast<std::uint16_t>(generation - stamp.generation);
    expect(grown != 0 && grown < 0x8000, "generation did not grow", r, worker);
    stamp = {worker.self, generation, stamp.lives + 1};
  }
  void end_life(Worker& worker, RegionIndex r) {
    Stamp& stamp = stamps_[value(r)];
    expect(stamp.owner == worker.self, "taken from its owner", r, worker);
    expect(stamp.generation == table.word(r).generation(), "generation changed in life", r, worker);
    stamp.owner = 0;
  }
  void give_back_untouched(Worker& worker, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) stamps_[i].owner = worker.self;
    for (std::uint32_t i = 0; i < count; ++i) stamps_[i].generation = table.word(RegionIndex{i}).generation();
    give_back(worker, RegionIndex{0}, count);
  }

  HeapGeometry geometry_;
  std::vector<typename Table::Word> words_;
  std::unique_ptr<typename Table::Control> control_;
  std::vector<Stamp> stamps_;

 public:
  Table table;
  Findings findings;
};

}  // namespace shunt::testing
