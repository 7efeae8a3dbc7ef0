// base: ranges, the arena's bounds, and what a Result carries.
#include <array>

#include "base/address.hpp"
#include "base/arena.hpp"
#include "base/result.hpp"
#include "support/check.hpp"

using namespace shunt;

TEST_CASE("a range contains its start, not its end, and no range that sticks out") {
  const AddressRange range{Address{0x1000}, 0x2000};
  CHECK(range.contains(Address{0x1000}));
  CHECK(range.contains(Address{0x2FFF}));
  CHECK_FALSE(range.contains(Address{0x3000}));
  CHECK_FALSE(range.contains(Address{0xFFF}));
  CHECK(range.contains(AddressRange{Address{0x2000}, 0x1000}));
  CHECK_FALSE(range.contains(AddressRange{Address{0x2000}, 0x1001}));
  CHECK_FALSE(range.contains(AddressRange{Address{0x2000}, SIZE_MAX}));
}

TEST_CASE("ranges that only touch do not overlap") {
  const AddressRange range{Address{0x1000}, 0x1000};
  CHECK(range.overlaps({Address{0x1FFF}, 1}));
  CHECK_FALSE(range.overlaps({Address{0x2000}, 0x1000}));
  CHECK_FALSE(range.overlaps({Address{0}, 0x1000}));
}

TEST_CASE("an exhausted arena answers with an empty span and keeps what it gave") {
  alignas(8) std::array<std::byte, 64> memory{};
  Arena arena(memory);
  const auto first = arena.allocate_array<std::uint64_t>(4);
  REQUIRE(first.size() == 4);
  CHECK(arena.allocate_array<std::uint64_t>(5).empty());
  volatile std::size_t absurd = SIZE_MAX / 8;  // volatile: the compiler must not see it coming
  CHECK(arena.allocate_array<std::uint64_t>(absurd).empty());
  CHECK(arena.allocate_array<std::uint64_t>(4).size() == 4);
  CHECK(arena.used_bytes() == 64);
  arena.reset();
  CHECK(arena.allocate_array<std::byte>(64).size() == 64);
}

TEST_CASE("a Result carries a value or the error") {
  const Result<int> good = 7;
  CHECK(good.ok());
  CHECK(good.value() == 7);
  const Result<int> bad = Error{"mmap", 12, "ask for less"};
  CHECK_FALSE(bad.ok());
  CHECK(bad.error().code == 12);
}
