// The main() of every test program: runs doctest, then prints which cases were skipped for want of which
// kernel feature, and one line `tally: N passed, N failed, N skipped` that `./dev test` adds up. Exit: 1 on a
// failure or when no case ran at all, 77 (meson's skip) when every case was skipped, else 0. In a soak all
// cases are repeated (soak.hpp); the tally is the last round's, which is the first that failed, if one did.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <set>
#include <string>

#include "support/check.hpp"
#include "support/soak.hpp"

namespace shunt::testing {
namespace {

struct Tally {
  std::string current_case;
  std::set<std::string> skipped_cases;
  int finished = 0;
  int failed = 0;
};
Tally tally;

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData& data) override { tally.current_case = data.m_name; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    ++tally.finished;
    if (stats.failure_flags != 0) {
      ++tally.failed;
      tally.skipped_cases.erase(tally.current_case);
    }
  }
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

void record_skip(const char* missing_feature) {
  tally.skipped_cases.insert(tally.current_case);
  std::printf("skip: %s: needs %s\n", tally.current_case.c_str(), missing_feature);
}

}  // namespace shunt::testing

int main(int argc, char** argv) {
  using namespace shunt::testing;
  std::printf("seed: %llu (rerun with SHUNT_TEST_SEED)\n", static_cast<unsigned long long>(test_seed()));
  std::fflush(stdout);
  Soak soak;
  int outcome = 0;
  do {
    tally = {};
    doctest::Context context(argc, argv);
    if (soak.repetition() > 0) context.setOption("minimal", true);  // only failures speak
    outcome = context.run();
    if (context.shouldExit()) return outcome;
  } while (outcome == 0 && tally.finished > 0 && soak.again());
  if (outcome != 0 && soak.repetition() > 0) {
    std::printf("failed in round %llu: rerun with SHUNT_TEST_SEED=%llu\n",
                static_cast<unsigned long long>(soak.repetition() + 1),
                static_cast<unsigned long long>(test_seed()));
  }
  soak.print_counts();
  const int skipped = static_cast<int>(tally.skipped_cases.size());
  std::printf("tally: %d passed, %d failed, %d skipped\n", tally.finished - tally.failed - skipped,
              tally.failed, skipped);
  if (tally.finished == 0) {
    std::fprintf(stderr, "no test case ran: the filter matches none\n");
    return 1;
  }
  if (outcome != 0) return 1;
  return skipped == tally.finished ? 77 : 0;
}
