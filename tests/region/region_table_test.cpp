// region: the table in one thread: every transition, claims in address order, large objects, pins, boundary
// sizes.
#include <random>

#include "region/region_fixture.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

TEST_CASE("a transition happens when it is legal and the region is in its first state, for every triple") {
  for (unsigned at = 0; at < region_state_count; ++at) {
    for (unsigned from = 0; from < region_state_count; ++from) {
      for (unsigned to = 0; to < region_state_count; ++to) {
        const auto a = static_cast<RegionState>(at), f = static_cast<RegionState>(from),
                   t = static_cast<RegionState>(to);
        TestTable test(1);
        const RegionIndex r = a == Free ? RegionIndex{0} : test.bring_to(a);
        const auto result = test.table.transition(r, f, t);
        const bool legal = is_legal(f, t) && f != Free;  // a claim needs a kind
        INFO("in ", name_of(a), ": ", name_of(f), " -> ", name_of(t));
        CHECK(bool{result} == (legal && a == f));
        CHECK(result.outcome == (!legal   ? TransitionOutcome::Illegal
                                 : a != f ? TransitionOutcome::Changed
                                          : TransitionOutcome::Done));
        CHECK(result.wanted == t);
        if (!result) CHECK(result.found == (legal ? a : f));
        CHECK(test.table.word(r).state() == (result ? t : a));
      }
    }
  }
}

TEST_CASE("the generation grows by one each time a region becomes Free, and only then") {
  TestTable test(1);
  for (unsigned life = 0; life < 5; ++life) {
    CHECK(test.table.word(RegionIndex{0}).generation() == life);
    const RegionIndex r = test.bring_to(Quarantined, RegionKind::Aligned);
    CHECK(test.table.word(r).generation() == life);
    CHECK(test.table.word(r).kind() == RegionKind::Aligned);
    CHECK(test.table.transition(r, Quarantined, Free));
    CHECK(test.table.word(r).bits() == std::uint64_t{life + 1} << 48);
  }
}

TEST_CASE("a payload given with a transition is in the word, and one not given stays") {
  TestTable test(1);
  const RegionIndex r = test.bring_to(Live);
  CHECK(test.table.transition(r, Live, Selected, 12345));
  CHECK(test.table.word(r).payload() == 12345);
  CHECK(test.table.transition(r, Selected, Forwarding));
  CHECK(test.table.word(r).payload() == 12345);
}

TEST_CASE("claims go from the lowest address up, again after releases, until there is none") {
  TestTable test(100);
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(test.table.claim(RegionKind::Small) == RegionIndex{i});
  CHECK(test.table.claim(RegionKind::Small) == RegionIndex::none);
  for (std::uint32_t i : {70u, 3u, 42u}) CHECK(test.table.transition(RegionIndex{i}, Allocating, Free));
  for (std::uint32_t i : {3u, 42u, 70u}) CHECK(test.table.claim(RegionKind::Medium) == RegionIndex{i});
  CHECK(test.table.claim(RegionKind::Medium) == RegionIndex::none);
  CHECK(test.table.word(RegionIndex{42}).kind() == RegionKind::Medium);
}

TEST_CASE("a contiguous claim takes the lowest run that is long enough, with head and tails") {
  TestTable test(64);
  for (std::uint32_t i = 0; i < 64; ++i) test.table.claim(RegionKind::Small);
  for (std::uint32_t i : {1u, 2u, 10u, 11u, 12u, 20u, 21u, 22u, 23u, 62u, 63u}) {
    test.table.transition(RegionIndex{i}, Allocating, Free);
  }
  CHECK(test.table.claim_contiguous(5) == RegionIndex::none);
  CHECK(test.table.claim_contiguous(4) == RegionIndex{20});
  CHECK(test.table.claim_contiguous(2) == RegionIndex{1});
  CHECK(test.table.claim_contiguous(2) == RegionIndex{10});
  CHECK(test.table.claim_contiguous(2) == RegionIndex{62});
  CHECK(test.table.claim(RegionKind::Small) == RegionIndex{12});
  CHECK(test.table.word(RegionIndex{20}).kind() == RegionKind::LargeHead);
  CHECK(test.table.word(RegionIndex{20}).payload() == 4);
  for (std::uint32_t k = 1; k < 4; ++k) {
    CHECK(test.table.word(RegionIndex{20 + k}).kind() == RegionKind::LargeTail);
    CHECK(test.table.word(RegionIndex{20 + k}).payload() == k);
    CHECK(test.table.head_of(RegionIndex{20 + k}) == RegionIndex{20});
  }
}

TEST_CASE("a contiguous claim that fails leaves every region as it was") {
  TestTable test(8);
  test.table.claim(RegionKind::Small);
  CHECK(test.table.claim_contiguous(8) == RegionIndex::none);
  CHECK(test.table.claim_contiguous(0) == RegionIndex::none);
  CHECK(test.table.claim_contiguous(9) == RegionIndex::none);
  CHECK(test.table.claim_contiguous(0xFFFF'FFFF) == RegionIndex::none);
  for (std::uint32_t i = 1; i < 8; ++i) CHECK(test.table.word(RegionIndex{i}) == RegionWord{});
  CHECK(test.table.claim_contiguous(7) == RegionIndex{1});
}

TEST_CASE("a claim that could not be met is not believed to fail once something is released") {
  TestTable test(8);
  for (std::uint32_t i = 0; i < 8; ++i) REQUIRE(test.table.claim(RegionKind::Small) == RegionIndex{i});
  for (std::uint32_t i : {1u, 2u, 4u}) test.table.transition(RegionIndex{i}, Allocating, Free);
  for (int again = 0; again < 3; ++again) {
    CHECK(test.table.claim_contiguous(3) == RegionIndex::none);
    CHECK(test.table.claim_contiguous(4) == RegionIndex::none);
  }
  CHECK(test.table.claim_contiguous(2) == RegionIndex{1});
  CHECK(test.table.claim_contiguous(2) == RegionIndex::none);
  CHECK(test.table.claim(RegionKind::Small) == RegionIndex{4});
  CHECK(test.table.claim(RegionKind::Small) == RegionIndex::none);
  test.table.transition(RegionIndex{7}, Allocating, Free);
  CHECK(test.table.claim_contiguous(2) == RegionIndex::none);
  test.table.transition(RegionIndex{6}, Allocating, Free);
  CHECK(test.table.claim_contiguous(2) == RegionIndex{6});
  CHECK(test.table.claim(RegionKind::Small) == RegionIndex::none);
}

TEST_CASE("a run that begins below the hint and ends above it is found") {
  TestTable test(8);
  for (std::uint32_t i = 0; i < 4; ++i) test.table.claim(RegionKind::Small);
  test.table.transition(RegionIndex{3}, Allocating, Free);
  // A claim that has scanned past region 3 before it was freed leaves the hint at 4 for a moment.
  test.control->hint.store(4);
  CHECK(test.table.claim_contiguous(5) == RegionIndex{3});
}

TEST_CASE("a pinned region is not selected, and a selected one not pinned") {
  TestTable test(4);
  const RegionIndex r = test.bring_to(Live);
  CHECK(test.table.pin(r) == PinOutcome::Done);
  CHECK(test.table.pin(r) == PinOutcome::Done);
  CHECK(test.table.transition(r, Live, Selected).outcome == TransitionOutcome::Pinned);
  CHECK(test.table.unpin(r) == PinOutcome::Done);
  CHECK(test.table.transition(r, Live, Selected).outcome == TransitionOutcome::Pinned);
  CHECK(test.table.unpin(r) == PinOutcome::Done);
  CHECK(test.table.unpin(r) == PinOutcome::NotPinned);
  CHECK(test.table.transition(r, Live, Selected));
  for (RegionState s : {Selected, Forwarding, Quarantined}) {
    CHECK(test.table.word(r).state() == s);
    CHECK(test.table.pin(r) == PinOutcome::WrongState);
    test.table.transition(r, s, TestTable::next(s));
  }
  CHECK(test.table.pin(r) == PinOutcome::WrongState);  // Free
}

TEST_CASE("a region of kind Pinned is never selected; pins have a limit; a tail's pin is on its head") {
  TestTable test(4);
  const RegionIndex pinned = test.bring_to(Live, RegionKind::Pinned);
  CHECK(test.table.transition(pinned, Live, Selected).outcome == TransitionOutcome::Pinned);
  const RegionIndex head = test.table.claim_contiguous(3);
  for (std::uint32_t i = 0; i < RegionWord::max_pins; ++i)
    REQUIRE(test.table.pin(head + 2) == PinOutcome::Done);
  CHECK(test.table.pin(head + 1) == PinOutcome::TooMany);
  CHECK(test.table.word(head).pins() == RegionWord::max_pins);
  CHECK(test.table.word(head).payload() == 3);
  CHECK(test.table.word(head + 2).pins() == 0);
}

TEST_CASE("addresses map to their regions at every region size, and foreign ones are told apart") {
  for (unsigned shift = 18; shift <= 25; ++shift) {
    TestTable test(fake_geometry(5, shift));
    const AddressRange all = test.geometry.range();
    for (std::uint32_t i = 0; i < 5; ++i) {
      CHECK(test.table.claim(RegionKind::Small) == RegionIndex{i});
      const AddressRange range = test.geometry.range_of(RegionIndex{i});
      CHECK(test.table.region_of(range.start) == RegionIndex{i});
      CHECK(test.table.region_of(range.end() - 1) == RegionIndex{i});
      CHECK(test.table.lookup(range.end() - 1).is(Allocating));
    }
    CHECK(test.table.contains(all.start));
    CHECK(test.table.contains(all.end() - 1));
    CHECK_FALSE(test.table.contains(all.end()));
    CHECK_FALSE(test.table.contains(all.start - 1));
    CHECK_FALSE(test.table.contains(Address::null));
    CHECK_FALSE(test.table.contains(Address{UINTPTR_MAX}));
    for (Address foreign : {all.end(), all.start - 1, Address::null, Address{UINTPTR_MAX}}) {
      CHECK(test.table.region_of(foreign) == RegionIndex::none);
      CHECK(test.table.state(foreign) == Free);
    }
    CHECK(test.table.state(all.end() - 1) == Allocating);
  }
}

namespace {
// Stands for a ForwardingTable: moves everything of a slot by slot * 1000 bytes.
struct TestForwarding {
  Address forward_in_slot(std::uint32_t slot, Address a) const { return a + slot * std::size_t{1000}; }
};
}  // namespace

TEST_CASE("forward answers by the slot while a region is Forwarding or Quarantined, and identity elsewhere") {
  TestTable test(2);
  const TestForwarding forwarding;
  const Address inside = test.geometry.base + 12345;
  const auto moved = [&] { return test.table.forward(inside, forwarding) - inside; };
  const RegionIndex r = test.bring_to(Live);
  CHECK(moved() == 0);
  REQUIRE(test.table.transition(r, Live, Selected, 7));
  CHECK(moved() == 0);
  REQUIRE(test.table.transition(r, Selected, Forwarding));
  CHECK(moved() == 7000);
  REQUIRE(test.table.transition(r, Forwarding, Quarantined));
  CHECK(moved() == 7000);
  REQUIRE(test.table.release(r));
  CHECK(moved() == 0);
  for (Address foreign : {test.geometry.range().end(), test.geometry.base - 1, Address::null}) {
    CHECK(test.table.forward(foreign, forwarding) == foreign);
  }
}

TEST_CASE(
    "a change of a word that was looked at is refused when the region has another life, kind or state") {
  TestTable test(1);
  const RegionIndex r = test.bring_to(Live);
  const RegionWord seen = test.table.word(r);
  REQUIRE(test.table.pin(r) == PinOutcome::Done);
  CHECK(test.table.transition(r, seen, Selected).outcome == TransitionOutcome::Pinned);
  REQUIRE(test.table.unpin(r) == PinOutcome::Done);
  for (RegionState s : {Live, Selected, Forwarding}) REQUIRE(test.table.transition(r, s, TestTable::next(s)));
  CHECK(test.table.transition(r, seen, Selected).outcome == TransitionOutcome::Changed);
  CHECK(test.table.transition(r, seen, Selected).found == Quarantined);
  REQUIRE(test.table.release(r));
  REQUIRE(test.bring_to(Live) == r);
  // The same state and kind again, one generation later: what was found out about `seen` does not hold.
  CHECK(test.table.word(r).state() == seen.state());
  CHECK(test.table.transition(r, seen, Selected).outcome == TransitionOutcome::Changed);
  CHECK(test.table.transition(r, test.table.word(r), Selected, 3));
  CHECK(test.table.word(r).payload() == 3);
}

TEST_CASE("claim_at takes exactly the regions asked for, or none") {
  TestTable test(8);
  REQUIRE(test.table.claim(RegionKind::Small) == RegionIndex{0});
  CHECK_FALSE(test.table.claim_at(RegionIndex{0}, 2));
  CHECK_FALSE(test.table.claim_at(RegionIndex{7}, 2));
  CHECK_FALSE(test.table.claim_at(RegionIndex{2}, 0));
  CHECK_FALSE(test.table.claim_at(RegionIndex::none, 1));
  CHECK_FALSE(test.table.claim_at(RegionIndex{2}, 0xFFFF'FFFF));
  for (std::uint32_t i = 1; i < 8; ++i) CHECK(test.table.word(RegionIndex{i}).is(Free));
  CHECK(test.table.claim_at(RegionIndex{3}, 5));
  CHECK(test.table.word(RegionIndex{3}).payload() == 5);
  CHECK(test.table.head_of(RegionIndex{7}) == RegionIndex{3});
  CHECK(test.table.word(RegionIndex{2}).is(Free));
}

TEST_CASE("release gives back a large object's regions together, and stops at one that is not Quarantined") {
  TestTable test(4);
  const RegionIndex head = test.table.claim_contiguous(3);
  for (RegionState s : {Allocating, Live, Selected, Forwarding}) {
    for (std::uint32_t k = 0; k < 3; ++k) {
      if (s == Forwarding && k == 2) continue;
      REQUIRE(test.table.transition(head + k, s, TestTable::next(s)));
    }
  }
  const TransitionResult refused = test.table.release(head, 3);
  CHECK(refused.outcome == TransitionOutcome::Changed);
  CHECK(refused.found == Forwarding);
  CHECK(refused.wanted == Free);
  CHECK(test.table.claim_contiguous(2) == RegionIndex{0});
  CHECK(test.table.word(RegionIndex{0}).generation() == 1);
}

TEST_CASE("a large window is found behind a chequerboard of any cut") {
  INFO("seed ", test_seed());
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t size = 2 + random() % 60, count = 1 + random() % 8;
    TestTable test(size);
    std::vector<bool> taken(size);
    for (std::uint32_t i = 0; i < size; ++i) REQUIRE(test.table.claim(RegionKind::Small) == RegionIndex{i});
    for (std::uint32_t i = 0; i < size; ++i) {
      taken[i] = random() % 4 == 0;
      if (!taken[i]) REQUIRE(test.table.transition(RegionIndex{i}, Allocating, Free));
    }
    std::uint32_t expected = 0, run = 0;
    for (; expected < size && run < count; ++expected) run = taken[expected] ? 0 : run + 1;
    CHECK(test.table.claim_contiguous(count) ==
          (run == count ? RegionIndex{expected - count} : RegionIndex::none));
  }
}

TEST_CASE("a thread's own stretch is used up before it is back in the queue for the lowest region") {
  TestTable test(64);
  ClaimHint own(2);
  own.move_on_from(5, test.table.size());
  CHECK(own.start() == 24);  // the line of 5 is the first; two lanes behind the next
  for (std::uint32_t i = 24; i < 32; ++i) CHECK(test.table.claim(RegionKind::Small, own) == RegionIndex{i});
  CHECK(test.table.claim(RegionKind::Small, own) == RegionIndex{0});
  CHECK(own.start() == ClaimHint::nowhere);
  own.move_on_from(60, test.table.size());  // no stretch behind the last
  CHECK(own.start() == ClaimHint::nowhere);
  for (std::uint32_t i = 1; i < 24; ++i) CHECK(test.table.claim(RegionKind::Small, own) == RegionIndex{i});
  CHECK(test.table.claim(RegionKind::Small, own) == RegionIndex{32});
}
