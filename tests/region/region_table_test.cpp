// region: the table in one thread: every transition, claims in address order, large objects, pins, boundary
// sizes.
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
  }
}
