// shunt-info as people and programs call it, and the reading of control groups from made-up files.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "memory_limit.hpp"
#include "os/capabilities.hpp"
#include "support/check.hpp"

namespace {

struct Ran {
  int exit_code;
  std::string output;
};

// stdout and stderr together.
Ran run_info(const std::string& environment, const std::string& arguments) {
  const std::string command = environment + " '" + SHUNT_INFO_PROGRAM + "' " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

bool is_one_line(const std::string& text) { return !text.empty() && text.find('\n') == text.size() - 1; }

}  // namespace

TEST_CASE("shunt-info --json names every capability and the engine that the probe gives") {
  const Ran ran = run_info("SHUNT_ENGINE=", "--json");
  REQUIRE(ran.exit_code == 0);
  const auto json = nlohmann::json::parse(ran.output);
  REQUIRE(json["capabilities"].size() == shunt::os::capability_count);
  const auto here =
      shunt::os::probe_capabilities(shunt::os::SystemCalls::real(), shunt::os::ProbeScope::Movers);
  CHECK(json["engine"]["chosen"] == shunt::engine_name(here.best_engine()));
  CHECK(json["engine"]["asked"].is_null());
  CHECK(json["vmas"]["now"] > 5);
  CHECK(json["vmas"]["limit"] > 1000);
  CHECK(json["page_bytes"] == 4096);
}

TEST_CASE("SHUNT_ENGINE=copy is honoured, in JSON and in text") {
  CHECK(nlohmann::json::parse(run_info("SHUNT_ENGINE=copy", "--json").output)["engine"]["chosen"] == "copy");
  const Ran text = run_info("SHUNT_ENGINE=copy", "");
  CHECK(text.exit_code == 0);
  for (const char* part :
       {"kernel", "engine          copy", "uffdio_move", "vm.max_map_count", "overcommit"}) {
    CAPTURE(part);
    CHECK(text.output.find(part) != text.output.npos);
  }
}

TEST_CASE("a wrong engine or option gets one line that says what would be right") {
  const Ran engine = run_info("SHUNT_ENGINE=fast", "");
  CHECK(engine.exit_code == 2);
  CHECK(is_one_line(engine.output));
  for (const char* right : {"fast", "relocate", "remap", "copy"})
    CHECK(engine.output.find(right) != engine.output.npos);
  const Ran option = run_info("SHUNT_ENGINE=", "--jsn");
  CHECK(option.exit_code == 2);
  CHECK(is_one_line(option.output));
  CHECK(option.output.find("--json") != option.output.npos);
}

TEST_CASE("the smallest memory limit up the control group tree counts, v1 and v2, inside a container too") {
  namespace fs = std::filesystem;
  char name[] = "/tmp/shunt-info-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const fs::path root = name;
  fs::create_directories(root / "v1/outer/inner");
  fs::create_directories(root / "v2/job");
  std::ofstream(root / "v1/memory.limit_in_bytes") << "9223372036854771712\n";
  std::ofstream(root / "v1/outer/memory.limit_in_bytes") << "1000000\n";
  std::ofstream(root / "v1/outer/inner/memory.limit_in_bytes") << "3000000\n";
  std::ofstream(root / "v2/job/memory.max") << "max\n";

  const auto limit = [&](const std::string& cgroup, const std::string& mountinfo) {
    std::istringstream groups(cgroup);
    std::istringstream mounts(mountinfo);
    return shunt::info::find_memory_limit(groups, mounts);
  };
  const std::string v1 =
      "30 20 0:25 / " + (root / "v1").string() + " rw shared:1 - cgroup cgroup rw,memory\n";
  const std::string v2 = "31 20 0:26 / " + (root / "v2").string() + " rw - cgroup2 cgroup2 rw\n";
  const auto nested = limit("4:cpu,memory:/outer/inner\n0::/job\n", v1 + v2);
  REQUIRE(nested.has_value());
  CHECK(nested->bytes == 1000000);
  CHECK_FALSE(limit("0::/job\n", v2).has_value());
  std::ofstream(root / "v2/job/memory.max") << "500\n";
  CHECK(limit("4:memory:/outer/inner\n0::/job\n", v1 + v2)->bytes == 500);
  // A container sees its own group as the mount's root.
  std::ofstream(root / "v2/memory.max") << "777\n";
  const std::string bound = "31 20 0:26 /docker/abc " + (root / "v2").string() + " rw - cgroup2 cgroup2 rw\n";
  CHECK(limit("0::/docker/abc\n", bound)->bytes == 777);
  CHECK_FALSE(limit("", "").has_value());
  fs::remove_all(root);
}
