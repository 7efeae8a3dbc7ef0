// region: table and records together: carving, retiring, emptying, large objects, boundary sizes, refused
// memory.
#include <sys/syscall.h>

#include "os/memory.hpp"
#include "os/page_residency.hpp"
#include "region/region_fixture.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using enum RegionState;

namespace {

std::vector<std::uint32_t> used_regions(const RegionSpace& space) {
  std::vector<std::uint32_t> used;
  space.for_each_used([&](RegionIndex r, RegionWord) { used.push_back(value(r)); });
  return used;
}

std::vector<std::uint32_t> empty_regions(const RegionSpace& space) {
  std::vector<std::uint32_t> empty;
  space.for_each_empty([&](RegionIndex r) { empty.push_back(value(r)); });
  return empty;
}

// Remembers what was mapped through it: a space's tables.
struct MappingKernel {
  std::vector<AddressRange> mapped;

  os::SystemCalls calls() {
    return {[](void* self, long number, const long(&a)[6]) -> long {
              const os::SystemCalls real = os::SystemCalls::real();
              const long answer = real.call(real.context, number, a);
              if (number != SYS_mmap || os::failed(answer)) return answer;
              const AddressRange range{Address{static_cast<std::uintptr_t>(answer)},
                                       static_cast<std::size_t>(a[1])};
              os::advise_huge_pages(real, range,
                                    false);  // where the host gives them unasked, a touch costs 2 MiB
              static_cast<MappingKernel*>(self)->mapped.push_back(range);
              return answer;
            },
            this};
  }
  std::size_t resident_pages() const {
    const os::PageReader reader = os::PageReader::open(os::SystemCalls::real());
    std::size_t bytes = 0;
    for (const AddressRange& range : mapped) bytes += reader.resident_bytes(range).value();
    return bytes / page_bytes;
  }
  std::size_t mapped_bytes() const {
    std::size_t bytes = 0;
    for (const AddressRange& range : mapped) bytes += range.bytes;
    return bytes;
  }
};

}  // namespace

TEST_CASE("a geometry that cannot be is refused with what would be right") {
  for (auto [geometry, word] : {std::pair{fake_geometry(4, 17), "region_shift"},
                                {fake_geometry(4, 26), "region_shift"},
                                {fake_geometry(4, 21, 2), "granule_shift"},
                                {fake_geometry(4, 21, 5), "granule_shift"},
                                {fake_geometry(0), "region_count"},
                                {fake_geometry(1u << 28), "region_count"},
                                {HeapGeometry{Address{UINTPTR_MAX << 22}, 21, 4, 3}, "2^64"},
                                {HeapGeometry{Address{4096}, 21, 4, 1}, "base"}}) {
    const auto space = RegionSpace::open(os::SystemCalls::real(), geometry);
    REQUIRE_FALSE(space.ok());
    CHECK(std::string(space.error().advice).find(word) != std::string::npos);
  }
}

TEST_CASE("memory that the kernel refuses is an error with its errno, whichever mapping it is") {
  for (int refuse_at = 0; refuse_at < 7; ++refuse_at) {
    struct Context {
      int calls, refuse_at;
    } context{0, refuse_at};
    const os::SystemCalls kernel{[](void* c, long number, const long(&a)[6]) -> long {
                                   auto& count = *static_cast<Context*>(c);
                                   if (count.calls++ == count.refuse_at) return -12;
                                   return os::SystemCalls::real()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
                                 },
                                 &context};
    const auto space = RegionSpace::open(kernel, fake_geometry(4));
    REQUIRE_FALSE(space.ok());
    CHECK(space.error().code == 12);
  }
}

TEST_CASE("carving fills a region to its last byte and not over it, at every region size") {
  for (unsigned shift = 18; shift <= 25; ++shift) {
    RegionSpace space = open_space(fake_geometry(1, shift));
    const RegionIndex r = space.claim(RegionKind::Small).value();
    const AddressRange region = space.geometry().range_of(r);
    CHECK(space.carve(r, region.bytes - 4096, region.bytes - 4096, 16) ==
          AddressRange{region.start, region.bytes - 4096});
    CHECK(space.carve(r, 4097, 8192, 16).bytes == 0);
    CHECK(space.carve(r, 16, 16, 16) == AddressRange{region.end() - 4096, 16});
    CHECK(space.carve(r, 64, 64, 64) == AddressRange{region.end() - 4096 + 64, 64});
    CHECK(space.carve(r, 16, 8192, 16) == AddressRange{region.end() - 4096 + 128, 4096 - 128});
    CHECK(space.carve(r, 1, 1, 1).bytes == 0);
    CHECK(space.carve(r, 1, 1, 4096).bytes == 0);
    CHECK(space.record(r).top() == region.bytes);
  }
}

TEST_CASE("what was carved last can be taken back, and nothing else") {
  RegionSpace space = open_space(fake_geometry(1));
  const RegionIndex r = space.claim(RegionKind::Small).value();
  space.carve(r, 1024, 1024, 16);
  CHECK_FALSE(space.record(r).uncarve(100, 512));
  CHECK(space.record(r).uncarve(512, 1024));
  CHECK(space.record(r).top() == 512);
}

TEST_CASE("a region goes from Live to Free only when nothing lives in it and it is not pinned") {
  RegionSpace space = open_space(fake_geometry(3));
  const RegionIndex r = space.claim(RegionKind::Small).value();
  CHECK_FALSE(space.quarantine_if_empty(r));  // Allocating
  space.record(r).add_live(48);
  CHECK(space.retire(r));
  CHECK_FALSE(space.retire(r));
  CHECK_FALSE(space.quarantine_if_empty(r));  // something lives
  CHECK(space.release(r).outcome == TransitionOutcome::Changed);
  CHECK(space.record(r).subtract_live(48) == 0);
  space.table().pin(r);
  CHECK_FALSE(space.quarantine_if_empty(r));
  space.table().unpin(r);
  CHECK(empty_regions(space) == std::vector<std::uint32_t>{0});
  CHECK(space.quarantine_if_empty(r));
  CHECK(space.word(r).is(Quarantined));
  CHECK_FALSE(space.quarantine_if_empty(r));
  CHECK(space.release(r));
  CHECK(space.word(r) == RegionWord{}.freed());
  CHECK(used_regions(space).empty());
  CHECK(space.table().high_water() == 1);
}

TEST_CASE("a large object's regions go through the states together") {
  RegionSpace space = open_space(fake_geometry(8));
  const RegionIndex head = space.claim_contiguous(5).value();
  space.record(head).add_live(5 << 21);
  CHECK(space.retire(head));
  CHECK(space.region_span(head) == 5);
  for (std::uint32_t k = 0; k < 5; ++k) {
    CHECK(space.word(head + k).is(Live));
    CHECK(space.head_of(head + k) == head);
    CHECK_FALSE(space.quarantine_if_empty(head + k));
  }
  CHECK(empty_regions(space).empty());  // tails have no live bytes of their own
  space.record(head).subtract_live(5 << 21);
  CHECK_FALSE(space.quarantine_if_empty(head + 1));
  CHECK(space.quarantine_if_empty(head));
  CHECK(space.statistics().in(Quarantined) == 5);
  CHECK(space.release(head));
  for (std::uint32_t k = 0; k < 5; ++k) {
    CHECK(space.word(head + k) == RegionWord{}.freed());
    CHECK(space.record(head + k).shape() == 0);
  }
}

TEST_CASE("a dropped plan gives a large object its shape back, in every state head_of() knows it") {
  RegionSpace space = open_space(fake_geometry(4));
  space.claim(RegionKind::Small).value();
  const RegionIndex head = space.claim_contiguous(3).value();
  space.retire(head);
  for (RegionState last : {Selected, Forwarding}) {
    for (std::uint32_t k = 0; k < 3; ++k) {
      CHECK(space.select(head + k, 900 + k));
      if (last == Forwarding) CHECK(space.forward(head + k));
      CHECK(space.head_of(head + k) == head);
    }
    for (std::uint32_t k = 0; k < 3; ++k) CHECK(space.return_to_live(head + k, last));
    CHECK(space.word(head).payload() == 3);
    CHECK(space.table().head_of(head + 2) == head);
  }
}

TEST_CASE("statistics count regions by state and kind") {
  RegionSpace space = open_space(fake_geometry(10));
  space.retire(space.claim(RegionKind::Small).value());
  const RegionIndex medium = space.claim(RegionKind::Medium).value();
  space.carve(medium, 8192, 8192, 4096);
  space.record(medium).add_live(8192);
  space.claim_contiguous(3).value();
  const RegionStatistics s = space.statistics();
  CHECK(s.in(Free) == 5);
  CHECK(s.in(Allocating) == 4);
  CHECK(s.in(Live) == 1);
  CHECK(s.of(RegionKind::LargeTail) == 2);
  CHECK(s.live_bytes == 8192);
  CHECK(s.top_bytes == 8192);
  CHECK(used_regions(space) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
}

TEST_CASE("no region left is an error that says what to do") {
  RegionSpace space = open_space(fake_geometry(1));
  CHECK_FALSE(space.claim_contiguous(2).ok());
  CHECK(space.claim_contiguous(1).ok());
  const auto none = space.claim(RegionKind::Small);
  REQUIRE_FALSE(none.ok());
  CHECK(std::string(none.error().advice) != "");
}

TEST_CASE("16 TiB of regions open, hold one object of all of them, and are free again") {
  constexpr std::uint32_t count = 1u << 23;
  RegionSpace space = open_space(fake_geometry(count));
  CHECK(space.claim(RegionKind::Small).value() == RegionIndex{0});
  CHECK_FALSE(space.claim_contiguous(count).ok());
  const RegionIndex head = space.claim_contiguous(count - 1).value();
  CHECK(head == RegionIndex{1});
  CHECK(space.retire(head));
  CHECK(space.table().head_of(RegionIndex{count - 1}) == head);
  CHECK(space.table().contains(space.geometry().range().end() - 1));
  CHECK(space.quarantine_if_empty(head));
  CHECK(space.release(head));
  CHECK(space.claim(RegionKind::Small).value() == RegionIndex{1});
  CHECK(space.statistics().in(Free) == count - 2);
}

TEST_CASE("16 TiB of regions cost the pages of those that are used, readers and releases included") {
  constexpr std::uint32_t count = 1u << 23, far_apart = count / 5;
  MappingKernel kernel;
  RegionSpace space = RegionSpace::open(kernel.calls(), fake_geometry(count)).take();
  CHECK(kernel.mapped_bytes() > std::size_t{count} * 100);
  CHECK(kernel.resident_pages() <= 5);  // heads of tables
  EpochReader reader = space.epochs().join("tool").take();
  const std::size_t opened = kernel.resident_pages();
  for (std::uint32_t i = 0; i < 5; ++i) {
    const RegionIndex head{i * far_apart};
    REQUIRE(space.table().claim_at(head, 3));
    for (std::uint32_t k = 0; k < 3; ++k) space.record(head + k).set_shape(k == 0 ? 3 : k);
    space.retire(head);
  }
  {
    const EpochGuard inside(reader);
    for (std::uint32_t i = 0; i < 5; ++i) {
      REQUIRE(space.quarantine_if_empty(RegionIndex{i * far_apart}));
      REQUIRE(space.release(RegionIndex{i * far_apart}));
    }
    CHECK(space.epoch_statistics().waiting_regions == 15);
  }
  CHECK(space.sweep() == 15);
  CHECK(space.claim_contiguous(3).ok());
  // A page of words, of records, of waiting nodes and of spans for each of the five, and the table's control;
  // what the index was told of serves the claim, so nothing else was looked at.
  CHECK(kernel.resident_pages() - opened <= 5 * 4 + 1);
}
