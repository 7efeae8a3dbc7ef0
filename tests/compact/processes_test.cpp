// Several heaps in one process, and one heap in several: forked children compact their copies.
#include <sys/wait.h>
#include <unistd.h>

#include "model_heap.hpp"

using namespace shunt;
using namespace shunt::testing;

TEST_CASE("two heaps side by side are compacted in turn and never meet") {
  with_each_engine([](EngineKind engine) {
    ModelHeap one(small_heap(engine), test_seed());
    ModelHeap other(small_heap(EngineKind::Copy, std::size_t{2} << 20), test_seed() + 1);
    for (int round = 0; round < 3; ++round) {
      one.churn(300);
      other.churn(100);
      one.compact();
      CHECK(other.what_is_wrong() == "");
      other.compact();
      CHECK(one.what_is_wrong() == "");
    }
  });
}

namespace {

int compact_in_child(ModelHeap& model) {
  for (int round = 0; round < 2; ++round) {
    const Result<CompactionReport> report = model.try_compact();
    if (!report) return 2;
    if (report.value().objects_damaged != 0 || !model.what_is_wrong().empty()) return 3;
    if (round == 0 && report.value().regions_selected == 0) return 4;
    bool dies = false;
    std::erase_if(model.objects(), [&](const ModelObject& o) {
      if (model.random()() % 10 == 0) dies = !dies;
      if (dies) model.heap().release(o.handle);
      return dies;
    });
  }
  return 0;
}

}  // namespace

TEST_CASE("after fork the child compacts its copy, the parent's is untouched and is compacted, too") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    model.churn(1500);
    std::vector<Address> places;
    for (std::size_t i = 0; i < model.objects().size(); ++i) places.push_back(model.address_of(i));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(compact_in_child(model));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    for (std::size_t i = 0; i < places.size(); ++i) CHECK(model.address_of(i) == places[i]);
    CHECK(model.what_is_wrong() == "");
    const CompactionReport report = model.compact();
    CHECK(report.regions_selected != 0);
    CHECK(report.regions_returned == 0);
  });
}

TEST_CASE("parent and child compact while both hold the pages") {
  with_each_engine([](EngineKind engine) {
    ModelHeap model(small_heap(engine), test_seed());
    model.churn(1500);
    int wait_for_parent[2];
    REQUIRE(::pipe(wait_for_parent) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      char byte;
      const bool told = ::read(wait_for_parent[0], &byte, 1) == 1;
      ::_exit(told && model.what_is_wrong().empty() ? compact_in_child(model) : 1);
    }
    const CompactionReport report = model.compact();
    CHECK(report.regions_returned == 0);
    REQUIRE(::write(wait_for_parent[1], "x", 1) == 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(model.what_is_wrong() == "");
    ::close(wait_for_parent[0]);
    ::close(wait_for_parent[1]);
  });
}
