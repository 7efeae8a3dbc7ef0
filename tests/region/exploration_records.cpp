// Live counts of region records, explored: threads that release the last objects of a region, and a sweep
// that finds it empty. Who empties it touches plain data that the others have touched before.
#include "region/exploration.hpp"
#include "region/region_record.hpp"

using namespace shunt::testing;
using namespace shunt;

namespace {

struct MutableRecords {
  static inline auto live_subtract = RecordProtocol::live_subtract;
  static inline auto live_read = RecordProtocol::live_read;
};

struct LiveRegion {
  BasicRegionRecord<Simulated, MutableRecords> record;
  std::array<Plain<std::uint32_t>, 2> objects;

  LiveRegion() {
    objects[0].name("object", 0);
    objects[1].name("object", 1);
    record.add_live(32);
  }
  void empty() {
    for (auto& object : objects) object = 0;
  }
};

Program<LiveRegion> releases(bool with_sweep) {
  Program<LiveRegion> program;
  for (unsigned t = 0; t < 2; ++t) {
    program.threads.push_back([=](LiveRegion& s) {
      s.objects[t] = t + 1;
      if (s.record.subtract_live(16) == 0 && !with_sweep) s.empty();
    });
  }
  if (with_sweep) {
    program.threads.push_back([](LiveRegion& s) {
      if (s.record.live_bytes() == 0) s.empty();
    });
  }
  program.finish = [](LiveRegion& s) { require(s.record.live_bytes() == 0, "all was released"); };
  return program;
}

bool is_found() {
  return !explore(releases(false), Options{}).holds() || !explore(releases(true), Options{}).holds();
}

}  // namespace

TEST_CASE("exploration: the last release of a region, and a sweep that finds it empty") {
  explore_all("release/release", releases(false));
  explore_all("release/release/sweep", releases(true));
}

TEST_CASE("exploration: every order of the records' protocol is missed when it is weakened") {
  for (const auto order : {std::memory_order_relaxed, std::memory_order_acquire, std::memory_order_release}) {
    CAPTURE(int(order));
    MutableRecords::live_subtract = order;
    CHECK(is_found());
    MutableRecords::live_subtract = RecordProtocol::live_subtract;
  }
  MutableRecords::live_read = std::memory_order_relaxed;
  CHECK(is_found());
  MutableRecords::live_read = RecordProtocol::live_read;
}
