// The contract of mover.hpp, as one body that is run against every mover. Page copy is the oracle: what a
// page move leaves must read as what a copy and a release would have left.
#include "move/mover_worlds.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;
using os::HugePageAdvice;

namespace {

void fold_seed_in(Random& random, const WorldMaker& maker) {
  random.seed(test_seed() ^ std::hash<std::string>{}(maker.name));
}

struct Batch {
  std::vector<MoveSpan> spans;
  std::vector<SpanOutcome> outcomes;
  explicit Batch(std::vector<MoveSpan> s) : spans(std::move(s)), outcomes(spans.size()) {}
  MoveBatch view() { return {spans, outcomes}; }
};

void check_sources_hold_nothing(const MoverWorld& world, const Batch& batch) {
  std::size_t resident = 0;
  for (const MoveSpan& span : batch.spans) resident += world.heap.resident_bytes(span.source());
  CHECK(resident == 0);
}

// After a batch that could be done in full.
void check_after(MoverWorld& world, const Batch& batch, std::size_t resident_before,
                 std::size_t vmas_before) {
  CHECK(all_moved(batch.spans, batch.outcomes));
  CHECK(world.heap.resident_bytes() <= resident_before);
  check_sources_hold_nothing(world, batch);
  CHECK(world.heap.vmas() <= world.vmas_allowed(vmas_before));
  CHECK(world.heap.what_is_wrong_with_mapping() == "");
  CHECK(world.heap.what_is_wrong_with_contents() == "");
}

// There and back again between the two halves of the heap, ever more permuted.
void random_batches(MoverWorld& world, Random& random) {
  const std::size_t half = world.heap.pages() / 2;
  world.heap.fill_randomly(0, half, random);
  for (int round = 0; round < 12; ++round) {
    INFO("round ", round);
    const bool back = round % 2 == 1;
    Batch batch(random_spans(world.heap, random, back ? half : 0, back ? 0 : half, half, 96));
    if (random() % 2 == 0) world.heap.drop_read_pages();  // else zero pages are in the way here and there
    const std::size_t resident = world.heap.resident_bytes();
    const std::size_t vmas = world.heap.vmas();
    world.move(batch.view());
    world.heap.expect_moved(batch.spans, batch.outcomes);
    check_after(world, batch, resident, vmas);
  }
}

// 1 page, 2, 4 ... 64 MiB in one span each.
void every_length(MoverWorld& world) {
  const std::size_t half = world.heap.pages() / 2;
  for (std::size_t length = 1; length <= half; length *= 2) {
    INFO(length, " pages");
    world.heap.fill(0, length, TestHeap::Fill::Full);
    Batch batch({world.heap.span(0, half, length)});
    const std::size_t resident = world.heap.resident_bytes();
    world.move(batch.view());
    world.heap.expect_moved(batch.spans, batch.outcomes);
    CHECK(all_moved(batch.spans, batch.outcomes));
    CHECK(world.heap.resident_bytes() <= resident);
    CHECK(world.heap.what_is_wrong_with_range({world.heap.page(0), length * page_bytes}) == "");
    CHECK(world.heap.what_is_wrong_with_range({world.heap.page(half), length * page_bytes}) == "");
    world.heap.fill(half, length, TestHeap::Fill::Hole);
    world.heap.release(world.heap.range());
  }
}

// Dead pages at the destination, and a batch that was begun before: the first bytes are there already.
void warm_destinations_and_resumption(MoverWorld& world, Random& random) {
  const std::size_t half = world.heap.pages() / 2;
  world.heap.fill_randomly(0, half, random);
  Batch batch(random_spans(world.heap, random, 0, half, half, 64));
  Batch beginning(batch.spans);
  for (MoveSpan& span : beginning.spans) {
    span.bytes = random() % 2 == 0 ? 0 : random() % (span.bytes / page_bytes + 1) * page_bytes;
  }
  world.move(beginning.view());
  REQUIRE(all_moved(beginning.spans, beginning.outcomes));
  for (std::size_t i = 0; i < batch.spans.size(); ++i) {
    const std::size_t done = beginning.spans[i].bytes;
    batch.outcomes[i].bytes_moved = done;
    world.heap.fill_with_garbage({batch.spans[i].to + done, batch.spans[i].bytes - done});
  }
  MoveBatch warm = batch.view();
  warm.destination_warm = true;
  const std::size_t resident = world.heap.resident_bytes();
  const std::size_t vmas = world.heap.vmas();
  world.move(warm);
  world.heap.expect_moved(batch.spans, batch.outcomes);
  check_after(world, batch, resident, vmas);
}

// The caller gives the sources back itself: until then each holds what it held, or nothing.
void sources_kept_by_the_caller(MoverWorld& world, Random& random) {
  const std::size_t half = world.heap.pages() / 2;
  world.heap.fill_randomly(0, half, random);
  Batch batch(random_spans(world.heap, random, 0, half, half, 64));
  MoveBatch keeping = batch.view();
  keeping.release_sources = false;
  const std::size_t vmas = world.heap.vmas();
  world.move(keeping);
  CHECK(all_moved(batch.spans, batch.outcomes));
  for (const MoveSpan& span : batch.spans) world.heap.expect_same_as_source(span);
  for (const MoveSpan& span : batch.spans) {
    CHECK(world.heap.what_is_wrong_with_range(span.destination()) == "");
    world.heap.release(span.source());
    world.heap.expect_moved(span, 0, span.bytes);
  }
  CHECK(world.heap.vmas() <= world.vmas_allowed(vmas));
  CHECK(world.heap.what_is_wrong_with_mapping() == "");
  CHECK(world.heap.what_is_wrong_with_contents() == "");
}

constexpr std::size_t blocks = 40;  // huge pages of a world with huge pages

// Whole huge pages, parts of them, and runs that begin in one and end in the next; aligned and not.
void huge_pages(MoverWorld& world, Random& random) {
  const std::size_t half = blocks / 2 * pages_per_huge_page;
  world.heap.fill(0, half, TestHeap::Fill::Full);
  std::vector<MoveSpan> spans;
  const auto add = [&](std::size_t from, std::size_t to, std::size_t count, bool huge) {
    spans.push_back(world.heap.span(from, half + to, count));
    spans.back().huge = huge;
  };
  const std::size_t block = pages_per_huge_page;
  add(0, 0, 4 * block, true);                                 // four at once
  add(5 * block, 4 * block, block, true);                     // one
  add(6 * block, 5 * block + 7, block, false);                // a whole one, to a misaligned place
  add(7 * block + 9, 7 * block, block, false);                // from a misaligned place
  add(9 * block + 100, 9 * block + 100, 100, false);          // a part, aligned alike
  add(10 * block + 500, 10 * block + 500, 2 * block, false);  // over borders, aligned alike
  add(13 * block, 14 * block + random() % block, 1 + random() % block, false);
  add(16 * block, 16 * block, 3 * block + random() % block, false);
  Batch batch(spans);
  const std::size_t vmas = world.heap.vmas();
  world.move(batch.view());
  CHECK(all_moved(batch.spans, batch.outcomes));
  check_sources_hold_nothing(world, batch);
  world.heap.expect_moved(batch.spans, batch.outcomes);
  CHECK(world.heap.vmas() <= world.vmas_allowed(vmas));
  CHECK(world.heap.what_is_wrong_with_mapping() == "");
  CHECK(world.heap.what_is_wrong_with_contents() == "");
}

void conformance(const WorldMaker& maker) {
  INFO("seed ", test_seed());
  SHUNT_NEEDS(maker.missing() == nullptr, maker.missing());
  Random random;
  fold_seed_in(random, maker);
  constexpr std::size_t mib = std::size_t{1} << 20;
  random_batches(*maker.make(16 * mib, HugePageAdvice::Never), random);
  every_length(*maker.make(128 * mib, HugePageAdvice::Never));
  warm_destinations_and_resumption(*maker.make(8 * mib, HugePageAdvice::Never), random);
  sources_kept_by_the_caller(*maker.make(8 * mib, HugePageAdvice::Never), random);
  huge_pages(*maker.make(blocks * huge_page_bytes, HugePageAdvice::Always), random);
}

}  // namespace

TEST_CASE("conformance: page copy, the oracle") { conformance(page_copy_world()); }
TEST_CASE("conformance: UFFDIO_MOVE") { conformance(uffd_world()); }
TEST_CASE("conformance: per-VMA mremap") { conformance(remap_world(MoverKind::RemapSingle)); }
TEST_CASE("conformance: multi-VMA mremap") { conformance(remap_world(MoverKind::RemapMulti)); }
TEST_CASE("conformance: relocate-anon mremap (simulated kernel)") { conformance(simulated_relocate_world()); }
TEST_CASE("conformance: page mover, relocate") { conformance(page_mover_world(EngineKind::Relocate)); }
TEST_CASE("conformance: page mover, remap") { conformance(page_mover_world(EngineKind::Remap)); }
TEST_CASE("conformance: page mover, copy") { conformance(page_mover_world(EngineKind::Copy)); }
TEST_CASE("conformance: page mover, the chooser decides") { conformance(page_mover_world(std::nullopt)); }
TEST_CASE("conformance: page mover, relocate-anon mremap found by the probe (simulated kernel)") {
  conformance(simulated_page_mover_world());
}
