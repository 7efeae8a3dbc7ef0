// stress-tsan only: does ThreadSanitizer see what it is there for? The same table whose word changes are
// relaxed, under the same stress, in a child process: it must report a data race on the stamps, and fail. The
// table as it is must pass the same work.
//
// A sanitizer that has never caught anything is not trusted.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "stress/stamped_table.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// Hands regions over without publishing what was done to them.
struct UnpublishedChanges : RegionProtocol {
  static constexpr auto word_change = std::memory_order_acquire;
};
// Takes regions over without looking at what was done to them.
struct UnseenChanges : RegionProtocol {
  static constexpr auto word_read = std::memory_order_relaxed;
  static constexpr auto word_change = std::memory_order_release;
  static constexpr auto word_refused = std::memory_order_relaxed;
};

template <class Protocol>
void hand_regions_over() {
  StampedTable<YieldingAtomic, Protocol> stamped(2);
  run_workers(4, 1, [&](Worker& worker) {
    for (int step = 0; step < 500; ++step) {
      const RegionIndex r = stamped.table.claim(RegionKind::Small);
      if (r == RegionIndex::none) continue;
      stamped.took(worker, r, 0, RegionKind::Small);
      stamped.give_back(worker, r, 1);
    }
  });
  CHECK(stamped.findings.text() == "");
}

// Runs this program again for one of its skipped cases. Both of its streams, and whether it failed.
struct Ended {
  std::string output;
  bool failed;
};
Ended run_again(const std::string& test_case) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    unsetenv("SHUNT_SOAK_SECONDS");
    const std::string filter = "--test-case=" + test_case;
    execl("/proc/self/exe", "stress-tsan", "--no-skip", filter.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  Ended ended{};
  std::array<char, 4096> part;
  for (ssize_t n; (n = read(ends[0], part.data(), part.size())) > 0;) {
    ended.output.append(part.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  ended.failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  return ended;
}

bool reports_race(const Ended& ended) {
  return ended.failed && ended.output.find("WARNING: ThreadSanitizer: data race") != std::string::npos;
}

}  // namespace

TEST_CASE("planted: word changes that publish nothing" * doctest::skip()) {
  hand_regions_over<UnpublishedChanges>();
}
TEST_CASE("planted: word changes that are not looked behind" * doctest::skip()) {
  hand_regions_over<UnseenChanges>();
}
TEST_CASE("planted: nothing" * doctest::skip()) { hand_regions_over<RegionProtocol>(); }

TEST_CASE("stress-tsan: ThreadSanitizer reports a table that hands regions over without its orders") {
  CHECK(reports_race(run_again("planted: word changes that publish nothing")));
  CHECK(reports_race(run_again("planted: word changes that are not looked behind")));
  const Ended sound = run_again("planted: nothing");
  INFO(sound.output);
  CHECK_FALSE(sound.failed);
}
