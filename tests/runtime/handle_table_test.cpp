// runtime: handles: what they name, stale ones, exhaustion, rewriting, and many threads.
#include "runtime/handle_table.hpp"

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

HandleTable open_table(std::uint32_t capacity) {
  return HandleTable::open(os::SystemCalls::real(), capacity).take();
}
HandleTarget target(std::uintptr_t n) { return {Address{n << 4}, n * 3, std::size_t{1} << n % 20}; }

}  // namespace

TEST_CASE("a handle names its object until it is released, and never afterwards") {
  HandleTable table = open_table(4);
  const Handle a = table.create(target(1)).value();
  CHECK(table.resolve(a) == target(1));
  CHECK(table.release(a) == target(1));
  CHECK(table.resolve(a) == std::nullopt);
  CHECK(table.release(a) == std::nullopt);
  const Handle b = table.create(target(2)).value();
  CHECK(b.index == a.index);
  CHECK(b.generation != a.generation);
  CHECK(table.resolve(a) == std::nullopt);
  CHECK_FALSE(table.retarget(a, target(9)));
  CHECK(table.release(a) == std::nullopt);
  CHECK(table.resolve(b) == target(2));
  CHECK(table.live_count() == 1);
}

TEST_CASE("null, foreign and half-right handles name nothing") {
  HandleTable table = open_table(4);
  const Handle a = table.create(target(1)).value();
  for (Handle wrong : {Handle{}, Handle{a.index, a.generation + 1}, Handle{a.index, a.generation + 2},
                       Handle{a.index, 0}, Handle{1, 1}, Handle{4, 1}, Handle{0xFFFF'FFFF, 1}}) {
    CHECK(table.resolve(wrong) == std::nullopt);
    CHECK(table.release(wrong) == std::nullopt);
  }
}

TEST_CASE("a full table says so and works again after a release") {
  CHECK_FALSE(HandleTable::open(os::SystemCalls::real(), 0).ok());
  HandleTable table = open_table(100);
  std::vector<Handle> handles;
  for (std::uintptr_t i = 0; i < 100; ++i) handles.push_back(table.create(target(i)).value());
  const auto none = table.create(target(0));
  REQUIRE_FALSE(none.ok());
  CHECK(std::string(none.error().advice).find("capacity") != std::string::npos);
  table.release(handles[50]);
  CHECK(table.create(target(7)).value().index == 50);
}

TEST_CASE("live handles are walked by index and their addresses rewritten") {
  HandleTable table = open_table(1000);
  std::map<std::uint32_t, std::uintptr_t> expected;
  std::vector<Handle> handles;
  for (std::uintptr_t i = 0; i < 1000; ++i) {
    handles.push_back(table.create(target(i)).value());
    expected[handles.back().index] = i;
  }
  for (std::uintptr_t i = 0; i < 1000; i += 3) {
    table.release(handles[i]);
    expected.erase(handles[i].index);
  }
  table.rewrite_addresses([](Address a) { return a + 8; });
  table.retarget(handles[1], {Address{0x100}, 1, 1});
  std::uint32_t seen = 0, wrong = 0;
  table.for_each_live([&](Handle h, const HandleTarget& t) {
    ++seen;
    const auto it = expected.find(h.index);
    if (h == handles[1]) {
      wrong += t != HandleTarget{Address{0x100}, 1, 1};
    } else {
      wrong +=
          it == expected.end() || t.address != target(it->second).address + 8 || t.size != it->second * 3;
    }
    wrong += table.resolve(h) != t;
  });
  CHECK(seen == expected.size());
  CHECK(table.live_count() == expected.size());
  CHECK(wrong == 0);
}

TEST_CASE("a table for 2^26 handles opens and is used at little cost") {
  HandleTable table = open_table(1u << 26);
  CHECK(table.create(target(1)).ok());
  CHECK(table.live_count() == 1);
}

TEST_CASE("threads that create and release never share an entry, and stale handles stay stale") {
  INFO("seed ", test_seed());
  constexpr std::uint32_t capacity = 200;
  HandleTable table = open_table(capacity);
  std::vector<std::atomic<unsigned>> owners(capacity);
  std::atomic<unsigned> wrong = 0;
  const auto body = [&](unsigned self) {
    std::mt19937_64 random(test_seed() + self);
    std::vector<std::pair<Handle, std::uintptr_t>> mine;
    Handle stale{};
    for (int step = 0; step < 30000; ++step) {
      if (random() % 2 == 0) {
        const std::uintptr_t n = random() >> 8;
        const auto made = table.create(target(n));
        if (!made) continue;
        if (owners[made.value().index].exchange(self) != 0) ++wrong;
        mine.emplace_back(made.value(), n);
      } else if (!mine.empty()) {
        std::swap(mine[random() % mine.size()], mine.back());
        const auto [handle, n] = mine.back();
        mine.pop_back();
        if (table.resolve(handle) != target(n)) ++wrong;
        if (owners[handle.index].exchange(0) != self) ++wrong;
        if (table.release(handle) != target(n)) ++wrong;
        stale = handle;
      }
      if (table.resolve(stale) || table.release(stale)) ++wrong;
    }
    for (const auto& [handle, n] : mine) {
      if (owners[handle.index].exchange(0) != self) ++wrong;
      if (table.release(handle) != target(n)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t <= 4; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(table.live_count() == 0);
  for (std::uint32_t i = 0; i < capacity; ++i) REQUIRE(table.create(target(i)).ok());
  CHECK_FALSE(table.create(target(0)).ok());
}

TEST_CASE("of threads that release one handle, one is told what it named") {
  HandleTable table = open_table(1);
  for (int round = 0; round < 300; ++round) {
    const Handle handle = table.create(target(5)).value();
    std::atomic<int> released = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) threads.emplace_back([&] { released += table.release(handle).has_value(); });
    for (std::thread& thread : threads) thread.join();
    CHECK(released.load() == 1);
  }
}
