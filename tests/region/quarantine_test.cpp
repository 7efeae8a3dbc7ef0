// quarantine: released regions wait for the readers that may name them, and for no others; barriers counted
// and refused; readers and reclaimers in threads.
#include <functional>
#include <latch>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "region/region_fixture.hpp"
#include "support/barrier_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

RegionIndex live_region(RegionSpace& space) {
  const RegionIndex r = space.claim(RegionKind::Small).value();
  space.retire(r);
  return r;
}
bool host_has_barriers() { return os::ProcessBarrier(os::SystemCalls::real()).enroll(); }
void empty_and_release(RegionSpace& space, RegionIndex r) {
  REQUIRE(space.quarantine_if_empty(r));
  REQUIRE(space.release(r));
}

}  // namespace

TEST_CASE(
    "a stalled reader is named, holds back what was released since it entered, and no claim of others") {
  RegionSpace space = open_space(fake_geometry(4));
  EpochReader slow = space.epochs().join("slow tool").take(), quick = space.epochs().join("quick").take();
  const RegionIndex early = live_region(space), named = live_region(space);
  slow.enter();
  const RegionWord seen = space.word(named);
  empty_and_release(space, named);
  CHECK(space.word(named).is(Quarantined));
  CHECK(space.word(named).generation() == seen.generation());
  CHECK_FALSE(space.release(named));  // waits already
  EpochGuard{quick};
  EpochStatistics s = space.epoch_statistics();
  CHECK(s.waiting_regions == 1);
  CHECK(std::string(s.stalled_name) == "slow tool");
  CHECK(s.stalled_slot == 0);
  // Others are claimed meanwhile, up to the last, and then the claim says that there is none.
  CHECK(live_region(space) == RegionIndex{2});
  CHECK(live_region(space) == RegionIndex{3});
  CHECK_FALSE(space.claim(RegionKind::Small).ok());
  CHECK_FALSE(space.claim_contiguous(1).ok());
  empty_and_release(space, early);
  CHECK(space.epoch_statistics().waiting_regions == 2);
  slow.leave();
  // A claim without room sweeps.
  CHECK(space.claim(RegionKind::Small).value() == early);
  CHECK(space.claim(RegionKind::Small).value() == named);
  CHECK(space.word(named).generation() == seen.generation() + 1);
  CHECK(space.epoch_statistics().waiting_regions == 0);
  CHECK(space.epoch_statistics().stalled_slot == EpochStatistics::nobody);
}

TEST_CASE(
    "what was released before a reader entered is free at once, and the next release frees what waited") {
  RegionSpace space = open_space(fake_geometry(4));
  EpochReader first = space.epochs().join("first").take(), second = space.epochs().join("second").take();
  const RegionIndex a = live_region(space), b = live_region(space), c = live_region(space);
  first.enter();
  empty_and_release(space, a);
  second.enter();
  empty_and_release(space, b);
  CHECK(space.word(a).is(Quarantined));
  first.leave();
  CHECK(space.sweep() == 1);  // second entered after a
  CHECK(space.word(a).is(Free));
  CHECK(space.word(b).is(Quarantined));
  second.leave();
  empty_and_release(space, c);
  CHECK(space.word(b).is(Free));
  CHECK(space.word(c).is(Free));
  CHECK(space.sweep() == 0);
}

TEST_CASE("a large object waits as one, and serves a claim of its size when its reader has left") {
  RegionSpace space = open_space(fake_geometry(6));
  EpochReader reader = space.epochs().join("reader").take();
  const RegionIndex head = space.claim_contiguous(5).value();
  space.retire(head);
  reader.enter();
  empty_and_release(space, head);
  CHECK(space.epoch_statistics().waiting_regions == 5);
  CHECK(space.statistics().in(Quarantined) == 5);
  CHECK(space.head_of(head + 4) == head);
  CHECK_FALSE(space.claim_contiguous(2).ok());
  reader.leave();
  CHECK(space.claim_contiguous(5).value() == head);
}

TEST_CASE(
    "many releases in a row cost one barrier, and none where there are no readers or one that stays inside") {
  BarrierKernel kernel;
  RegionSpace space = RegionSpace::open(kernel.calls(), fake_geometry(64)).take();
  SHUNT_NEEDS(host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  for (int i = 0; i < 100; ++i) empty_and_release(space, live_region(space));
  CHECK(kernel.barriers + kernel.enrollments == 0);

  EpochReader reader = space.epochs().join("reader").take();
  const long opened = kernel.barriers;
  std::vector<RegionIndex> regions;
  for (int i = 0; i < 10; ++i) regions.push_back(live_region(space));
  for (const RegionIndex r : regions) {
    REQUIRE(space.quarantine_if_empty(r));
    REQUIRE(space.release_unswept(r));
  }
  CHECK(kernel.barriers == opened);
  CHECK(space.sweep() == 10);
  CHECK(kernel.barriers == opened + 1);
  CHECK(space.sweep() == 0);
  CHECK(kernel.barriers == opened + 1);

  const EpochGuard inside(reader);
  for (int i = 0; i < 10; ++i) empty_and_release(space, live_region(space));
  CHECK(kernel.barriers == opened + 1);
  CHECK(space.epoch_statistics().waiting_regions == 10);
}

TEST_CASE("a barrier refused in mid-life loses nothing: regions wait until the readers fence") {
  BarrierKernel kernel;
  RegionSpace space = RegionSpace::open(kernel.calls(), fake_geometry(2)).take();
  SHUNT_NEEDS(host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  EpochReader reader = space.epochs().join("idle").take();
  kernel.refused_with = EPERM;
  const RegionIndex r = live_region(space);
  empty_and_release(space, r);
  CHECK(space.word(r).is(Quarantined));
  CHECK(std::string(space.epoch_statistics().stalled_name) == "idle");
  CHECK(live_region(space) == RegionIndex{1});
  CHECK_FALSE(space.claim(RegionKind::Small).ok());
  EpochGuard{reader};
  CHECK(space.claim(RegionKind::Small).value() == r);
}

// Regions are published in roots, replaced and released by writers, and looked at through the roots by
// readers. What a region holds is plain memory, so ThreadSanitizer judges the reuse too.
namespace {

struct Publishing {
  static constexpr std::uint32_t region_count = 24, root_count = 4, nowhere = 0xFFFF'FFFF;
  explicit Publishing(const os::SystemCalls& kernel)
      : space(RegionSpace::open(kernel, fake_geometry(region_count)).take()),
        roots(root_count),
        contents(region_count) {
    for (auto& root : roots) root = nowhere;
  }

  // False if there is no room: readers hold back too much.
  bool replace(std::uint32_t root, std::uint64_t what, bool large) {
    const auto claimed = large ? space.claim_contiguous(2) : space.claim(RegionKind::Small);
    if (!claimed) return false;
    const RegionIndex r = claimed.value();
    contents[value(r)] = what;
    if (!space.retire(r)) ++broken;
    const std::uint32_t old = roots[root].exchange(value(r), std::memory_order_acq_rel);
    if (old == nowhere) return true;
    if (!space.quarantine_if_empty(RegionIndex{old}) || !space.release(RegionIndex{old})) ++broken;
    return true;
  }
  void look(EpochReader& reader, std::uint32_t root, bool linger) {
    const EpochGuard inside(reader);
    const std::uint32_t i = roots[root].load(std::memory_order_acquire);
    if (i == nowhere) return;
    const RegionWord first = space.word(RegionIndex{i});
    const std::uint64_t content = contents[i];
    if (first.is(Free) || first.is(Allocating)) ++broken;
    if (linger) std::this_thread::yield();
    const RegionWord second = space.word(RegionIndex{i});
    if (second.generation() != first.generation() || second.is(Free) || contents[i] != content) ++broken;
  }

  RegionSpace space;
  std::vector<std::atomic<std::uint32_t>> roots;
  std::vector<std::uint64_t> contents;
  std::atomic<int> broken = 0;
};

void publish_and_look(Publishing& p, int rounds, const std::function<void(int)>& at_round = {}) {
  const std::uint64_t seed = test_seed();
  std::atomic<bool> stop = false;
  std::latch all_joined(5);  // or the writers would be done before there is a reader
  std::vector<std::thread> readers, writers;
  for (unsigned t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      std::mt19937_64 random(seed + t);
      std::optional<EpochReader> reader(p.space.epochs().join("reader").take());
      all_joined.arrive_and_wait();
      while (!stop.load(std::memory_order_relaxed)) {
        const std::uint64_t n = random();
        if (n % 512 == 0) {  // parts and joins
          reader.reset();
          reader.emplace(p.space.epochs().join("again").take());
        }
        if (n % 64 == 2) std::this_thread::yield();  // outside, as look() does inside
        p.look(*reader, n >> 32 & (Publishing::root_count - 1), n % 64 == 1);
      }
    });
  }
  for (unsigned t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      std::mt19937_64 random(seed + 10 + t);
      all_joined.arrive_and_wait();
      for (int i = 0; i < rounds; ++i) {
        if (t == 0 && at_round) at_round(i);
        const std::uint64_t n = random();
        const std::uint32_t root = n % (Publishing::root_count / 2) * 2 + t;
        while (!p.replace(root, n, n >> 60 == 0)) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : writers) thread.join();
  stop = true;
  for (std::thread& thread : readers) thread.join();
  INFO("seed ", seed);
  CHECK(p.broken == 0);
  p.space.sweep();
  CHECK(p.space.epoch_statistics().waiting_regions == 0);
}

}  // namespace

TEST_CASE("no reader inside sees a region that it named change its life: with the process-wide barrier") {
  BarrierKernel kernel;
  Publishing p(kernel.calls());
  SHUNT_NEEDS(host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  publish_and_look(p, 20000);
  CHECK(p.space.epochs().is_asymmetric());
}

TEST_CASE("no reader inside sees a region that it named change its life: with fences") {
  BarrierKernel kernel;
  kernel.refused_with = ENOSYS;
  Publishing p(kernel.calls());
  publish_and_look(p, 20000);
  CHECK_FALSE(p.space.epochs().is_asymmetric());
}

TEST_CASE(
    "no reader inside sees a region that it named change its life: refused in mid-run, and allowed again") {
  BarrierKernel kernel;
  Publishing p(kernel.calls());
  SHUNT_NEEDS(host_has_barriers(), "membarrier: MEMBARRIER_CMD_PRIVATE_EXPEDITED");
  EpochReader idle = p.space.epochs().join("idle").take();
  publish_and_look(p, 20000, [&](int i) {
    if (i == 15000) kernel.refused_with = 0;
    if (i != 5000) return;
    kernel.refused_with = EPERM;
    p.space.epochs().reusable_below(0);  // asks for a barrier, because of the idle reader
    EpochGuard{idle};                    // which is trusted from here on
  });
  CHECK_FALSE(p.space.epochs().is_asymmetric());
}
