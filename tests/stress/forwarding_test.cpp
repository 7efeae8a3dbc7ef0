// stress: look-ups and forward() of any address while regions are claimed, moved, quarantined and given back.
// What a mover wrote before a region became Forwarding is seen by all who find it so (plain memory, so
// ThreadSanitizer checks the table's orders), and addresses of regions that have not moved stay as they are.
#include <atomic>

#include "stress/stamped_table.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

// Each life has a slot of its own, so no reader can meet a slot that is written again: what keeps slots from
// being reused too early is the epochs' part.
class Destinations {
 public:
  explicit Destinations(std::uint32_t slots) : destinations_(slots, Address::null) {}

  std::uint32_t take_slot() { return next_.fetch_add(1); }
  bool is_slot(std::uint32_t slot) const { return slot < destinations_.size(); }
  void build(std::uint32_t slot, Address region) { destinations_[slot] = destination(slot, region); }

  Address forward_in_slot(std::uint32_t slot, Address a) const {
    return destinations_[slot] + (value(a) & region_mask);
  }
  // Where forward(a) may lead: nowhere else, or by the slot of one of the region's lives.
  bool may_lead(Address a, Address to) const {
    if (a == to) return true;
    const std::uint32_t slot = static_cast<std::uint32_t>(value(to) >> 46);
    return slot < next_.load() && to == destination(slot, a) + (value(a) & region_mask);
  }

 private:
  static constexpr std::uintptr_t region_mask = (1 << 21) - 1;
  // Not an address of the table's (which are at 2^44), and different for each slot and region.
  static Address destination(std::uint32_t slot, Address a) {
    return Address{std::uintptr_t{slot} << 46 | std::uintptr_t{1} << 45 | (value(a) & ~region_mask)};
  }

  std::vector<Address> destinations_;  // plain on purpose
  std::atomic<std::uint32_t> next_ = 1;
};

void move_regions(StampedTable<YieldingAtomic>& stamped, Destinations& destinations, Worker& worker) {
  auto& table = stamped.table;
  for (std::uint32_t slot; destinations.is_slot(slot = destinations.take_slot());) {
    RegionIndex r;
    while ((r = table.claim(RegionKind::Small)) == RegionIndex::none) worker.breathe();
    stamped.took(worker, r, 0, RegionKind::Small);
    destinations.build(slot, stamped.geometry().start_of(r));
    stamped.expect(bool{table.transition(r, Allocating, Live)}, "not retired", r, worker);
    stamped.expect(bool{table.transition(r, Live, Selected, slot)}, "not selected", r, worker);
    stamped.end_life_in(worker, r, Selected);
  }
}

void read_addresses(StampedTable<YieldingAtomic>& stamped, const Destinations& destinations, Worker& worker,
                    std::atomic<unsigned>& movers, std::atomic<std::uint64_t>& forwarded) {
  const HeapGeometry& geometry = stamped.geometry();
  const auto& table = stamped.table;
  const std::uintptr_t bytes = std::uintptr_t{table.size()} << 21;
  while (movers.load() != 0) {
    // One region's worth below and above the heap, too.
    const Address a = geometry.base - (1 << 21) + worker.random() % (bytes + (2 << 21));
    const bool foreign = a < geometry.base || a >= geometry.base + bytes;
    const Address to = table.forward(a, destinations);
    stamped.expect(destinations.may_lead(a, to), "forwarded to where nothing went", RegionIndex{0}, worker);
    stamped.expect(table.contains(a) != foreign, "contains() is wrong", RegionIndex{0}, worker);
    stamped.expect((table.region_of(a) == RegionIndex::none) == foreign, "region_of() is wrong",
                   RegionIndex{0}, worker);
    if (foreign) {
      stamped.expect(to == a && table.state(a) == Free, "a foreign address was forwarded", RegionIndex{0},
                     worker);
    }
    forwarded += to != a;
  }
}

}  // namespace

TEST_CASE("stress: forward() of any address leads to where its region went, or nowhere else") {
  INFO("seed ", test_seed());
  for (const unsigned threads : stress_thread_counts) {
    CAPTURE(threads);
    StampedTable<YieldingAtomic> stamped(threads < 8 ? 4 : 100);
    Destinations destinations(10'000 / slowness);
    std::atomic<unsigned> movers = threads / 2;
    std::atomic<std::uint64_t> forwarded = 0;
    run_workers(threads, 1, [&](Worker& worker) {
      if (worker.self % 2 == 1) return read_addresses(stamped, destinations, worker, movers, forwarded);
      move_regions(stamped, destinations, worker);
      --movers;
    });
    stamped.expect_all_free();
    CHECK(stamped.findings.text() == "");
    record_count("operations", 10'000 / slowness);
    record_count("addresses forwarded", forwarded.load());
  }
}
