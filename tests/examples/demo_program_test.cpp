// shunt-demo as a user runs it: on a small trace with every engine, in both modes, and with arguments that
// are wrong.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "trace_writer.hpp"

using namespace shunt;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and error
};

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "shunt-demo-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string at(const char* name) const { return (path_ / name).string(); }

  // Runs in this folder; `environment` is put before the program.
  Outcome demo(const std::string& arguments, const std::string& environment = "SHUNT_ENGINE=") const {
    const char* build = std::getenv("SHUNT_BUILD_ROOT");
    REQUIRE(build != nullptr);
    const std::string command = "cd '" + path_.string() + "' && " + environment + " '" + build +
                                "/examples/demo/shunt-demo' " + arguments + " 2>&1";
    Outcome outcome;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof(buffer), pipe)) != 0;)
      outcome.text.append(buffer, n);
    const int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
  }

 private:
  fs::path path_;
};

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

json read_json(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  return json::parse(file);
}

std::uint64_t random_size(std::mt19937_64& random) {
  switch (random() % 20) {
    case 0:
      return 40'000 + random() % 200'000;
    case 1:
      return 4096 + random() % 20'000;
    case 2:
      return random() % 3;
    default:
      return 16 + random() % 600;
  }
}

trace::Header about(const char* command) {
  trace::Header header;
  header.command = command;
  header.kernel = "none";
  return header;
}

// Objects of all sizes and alignments that come, grow and die, some too big for a region; many live at the
// end.
void write_trace(const std::string& path) {
  INFO("seed " << testing::test_seed());
  std::mt19937_64 random(testing::test_seed());
  trace::Writer writer(path, about("made by <demo_program_test> & nobody"), 1);
  std::vector<std::uint64_t> alive;
  alive.push_back(writer.allocate(5'000'000, 16, false, 0));
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t choice = random() % 100;
    if (choice < 55 || alive.size() < 2) {
      const std::uint64_t alignment = random() % 50 == 0 ? std::uint64_t{64} << random() % 7 : 16;
      alive.push_back(writer.allocate(random_size(random), alignment, false, 0));
      continue;
    }
    std::uint64_t& object = alive[random() % alive.size()];
    if (choice < 60) {
      writer.reallocate(object, random_size(random), 0);
    } else {
      writer.release(object, 0);
      object = alive.back();
      alive.pop_back();
    }
  }
  writer.finish();
}

void check_keys(const json& results) {
  for (const char* key :
       {"objects_total", "objects_verified", "trace", "kernel", "engine", "contents", "runs"}) {
    CHECK_MESSAGE(results.contains(key), key);
  }
  for (const json& run : results["runs"]) {
    for (const char* key :
         {"name", "seconds", "ratio_vs_memset_copy", "live_bytes", "resident_before", "resident_after",
          "vmas_before", "vmas_after", "bytes_moved_by_page", "bytes_copied", "report"}) {
      CHECK_MESSAGE(run.contains(key), key);
    }
    CHECK(run["seconds"].get<double>() > 0);
    CHECK(run["live_bytes"].get<std::uint64_t>() > 0);
  }
}

}  // namespace

TEST_CASE("every engine verifies the same objects with the same contents") {
  const Folder folder;
  write_trace(folder.at("small.shunt-trace"));
  std::set<std::string> contents;
  for (const char* engine : {"", "relocate", "remap", "copy"}) {
    CAPTURE(engine);
    const Outcome outcome =
        folder.demo("small.shunt-trace --repeat 2 --json out.json", std::string("SHUNT_ENGINE=") + engine);
    INFO(outcome.text);
    REQUIRE(outcome.code == 0);
    const json results = read_json(folder.at("out.json"));
    check_keys(results);
    CHECK(results["objects_total"].get<std::uint64_t>() > 1000);
    CHECK(results["objects_verified"] == results["objects_total"]);
    CHECK(results["runs"].at(0)["name"] == "shunt");
    CHECK(results["runs"].at(1)["name"] == "memset-copy");
    CHECK(results["runs"].at(1)["ratio_vs_memset_copy"].get<double>() == doctest::Approx(1));
    contents.insert(results["contents"].get<std::string>());
    CHECK(fs::file_size(folder.at("defrag.svg")) > 1000);
    fs::remove(folder.at("defrag.svg"));
  }
  CHECK(contents.size() == 1);
}

TEST_CASE("compacting every N operations verifies after each") {
  const Folder folder;
  write_trace(folder.at("small.shunt-trace"));
  const Outcome outcome = folder.demo("small.shunt-trace --every 7000 --json out.json --svg ''");
  INFO(outcome.text);
  REQUIRE(outcome.code == 0);
  const json results = read_json(folder.at("out.json"));
  check_keys(results);
  CHECK(results["objects_total"].get<std::uint64_t>() > 4000);
  CHECK(results["objects_verified"] == results["objects_total"]);
  CHECK(results["runs"].size() == 1);
  CHECK(outcome.text.find("sum of 4 compactions") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.at("defrag.svg")));
}

TEST_CASE("the limit stops the history and is told") {
  const Folder folder;
  trace::Writer writer(folder.at("big.shunt-trace"), about("big"), 1);
  for (int i = 0; i < 60; ++i) writer.allocate(1 << 20, 16, false, 0);
  writer.finish();
  const Outcome outcome = folder.demo("big.shunt-trace --limit 20MiB --repeat 1");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
  CHECK(outcome.text.find("reached the limit of 20.0 MiB") != std::string::npos);
}

TEST_CASE("the table fits 100 columns and no progress bar is drawn into a pipe") {
  const Folder folder;
  write_trace(folder.at("small.shunt-trace"));
  const Outcome outcome = folder.demo("small.shunt-trace --repeat 1");
  REQUIRE(outcome.code == 0);
  CHECK(outcome.text.find('\r') == std::string::npos);
  CHECK(outcome.text.find('\033') == std::string::npos);
  std::size_t longest = 0;
  for (std::size_t at = 0; at < outcome.text.size();) {
    const std::size_t end = outcome.text.find('\n', at);
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  CHECK(longest <= 100);
}

TEST_CASE("a wrong word, option, engine or trace gets one line and exit code 2") {
  const Folder folder;
  write_trace(folder.at("good.shunt-trace"));
  fs::copy_file(folder.at("good.shunt-trace"), folder.at("cut.shunt-trace"));
  fs::resize_file(folder.at("cut.shunt-trace"), fs::file_size(folder.at("cut.shunt-trace")) / 2);
  std::ofstream(folder.at("foreign.shunt-trace")) << "hello";
  struct Wrong {
    const char* arguments;
    const char* environment;
    const char* said;
  };
  const Wrong all[] = {{"missing.shunt-trace", "SHUNT_ENGINE=", "missing.shunt-trace"},
                       {"cut.shunt-trace", "SHUNT_ENGINE=", "cut.shunt-trace: byte"},
                       {"foreign.shunt-trace", "SHUNT_ENGINE=", "foreign.shunt-trace: byte"},
                       {"good.shunt-trace", "SHUNT_ENGINE=fast", "relocate, remap or copy"},
                       {"good.shunt-trace second", "SHUNT_ENGINE=", "--help"},
                       {"--bogus", "SHUNT_ENGINE=", "--bogus"},
                       {"--every nothing", "SHUNT_ENGINE=", "--every"},
                       {"--repeat 0", "SHUNT_ENGINE=", "--repeat"},
                       {"--limit 1", "SHUNT_ENGINE=", "16MiB"}};
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.arguments);
    const Outcome outcome = folder.demo(wrong.arguments, wrong.environment);
    INFO(outcome.text);
    CHECK(outcome.code == 2);
    CHECK(outcome.text.find(wrong.said) != std::string::npos);
    CHECK(lines(outcome.text) == 1);
  }
}

TEST_CASE("--help is not an error") {
  const Folder folder;
  const Outcome outcome = folder.demo("--help");
  CHECK(outcome.code == 0);
  CHECK(outcome.text.find("--every") != std::string::npos);
}
