// Records a real program through `shunt-trace record` and counts what arrived in the traces.
#include <sys/wait.h>

#include <map>

#include "finish.hpp"
#include "raw_format.hpp"
#include "trace_recorded_program.hpp"
#include "trace_support.hpp"

namespace shunt::trace::testing {
namespace {

using namespace recorded;

// For a shell: the checkout may stand anywhere.
std::string built(const char* name) {
  const char* root = std::getenv("SHUNT_BUILD_ROOT");
  REQUIRE(root != nullptr);
  return "'" + (std::string(root) + "/" + name) + "'";
}

// Runs shunt-trace; its exit code, its messages in FOLDER/messages.
int shunt_trace(const Folder& folder, const std::string& arguments) {
  const std::string command = built("examples/trace/shunt-trace") + " " + arguments + " >" +
                              (folder / "output") + " 2>" + (folder / "messages");
  return WEXITSTATUS(std::system(command.c_str()));
}

int record(const Folder& folder, const std::string& mode, const std::string& options = "") {
  return shunt_trace(folder, "record --all " + options + " -o " + (folder / "t") + " -- " +
                                 built("tests/examples/trace-recorded-program") + " " + mode);
}

// Every trace of the folder by its name.
std::map<std::string, Header> traces(const Folder& folder) {
  std::map<std::string, Header> found;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with("t")) found[name] = verify(entry.path());
  }
  return found;
}

// How many allocations asked for exactly so many bytes.
int allocations_of(const std::string& path, std::size_t bytes) {
  int count = 0;
  for (const Event& event : read(path)) count += event.kind == EventKind::allocate && event.bytes == bytes;
  return count;
}

// The one allocation of this size.
Event only(const std::vector<Event>& history, std::size_t bytes) {
  Event found;
  int count = 0;
  for (const Event& event : history) {
    if (event.kind != EventKind::allocate || event.bytes != bytes) continue;
    found = event;
    ++count;
  }
  INFO("allocations of ", bytes, " bytes");
  CHECK(count == 1);
  return found;
}

std::vector<Event> life_of(const std::vector<Event>& history, std::uint64_t object) {
  std::vector<Event> life;
  for (const Event& event : history) {
    if (event.object == object) life.push_back(event);
  }
  return life;
}

}  // namespace

TEST_CASE("every function of the malloc family is recorded as it was called") {
  const Folder folder;
  CHECK(record(folder, "every") == 7);
  const std::vector<Event> history = read(folder / "t");
  const auto first = life_of(history, only(history, marker).object);
  REQUIRE(first.size() == 3);
  CHECK(first[1].kind == EventKind::reallocate);
  CHECK(first[1].bytes == marker + 1);
  CHECK(first[2].kind == EventKind::free);
  const Event zeroed = only(history, 3 * (marker + 2));
  CHECK(zeroed.zeroed);
  CHECK(life_of(history, zeroed.object).at(1).bytes == 2 * (marker + 3));
  CHECK(only(history, 64 * marker).alignment == 64);
  CHECK(only(history, marker + 4).alignment == 4096);
  CHECK(only(history, marker + 5).alignment == 256);
  CHECK(only(history, marker + 6).alignment == 4096);
  CHECK(only(history, marker * 4096).alignment == 4096);
  const auto kept = life_of(history, only(history, marker + 7).object);
  REQUIRE(kept.size() == 2);
  CHECK(kept[1].kind == EventKind::free);
  const Header header = verify(folder / "t");
  CHECK(header.command.find("trace-recorded-program") != std::string::npos);
  CHECK(header.command.ends_with(" every"));
  CHECK_FALSE(header.forked);
  CHECK(header.recorded_seconds > 1'700'000'000);
}

TEST_CASE("threads that pass blocks around give a history that can be replayed") {
  const Folder folder;
  CHECK(record(folder, "exchange") == 7);
  const Header header = verify(folder / "t");
  // An order that was not kept would show as an address owned twice, or freed before it was allocated.
  CHECK(header.implied_frees == 0);
  CHECK(header.unknown_frees == 0);
  CHECK(header.totals.threads == thread_count + 1);
  int allocated = 0;
  std::map<std::uint64_t, std::uint32_t> owners;
  int freed_elsewhere = 0;
  for (const Event& event : read(folder / "t")) {
    if (event.kind == EventKind::allocate && event.bytes >= marker && event.bytes < marker + 16) ++allocated;
    if (event.kind == EventKind::allocate) owners[event.object] = event.thread;
    if (event.kind == EventKind::free) freed_elsewhere += owners.at(event.object) != event.thread;
  }
  CHECK(allocated == thread_count * exchanges);
  CHECK(freed_elsewhere > 0);
}

TEST_CASE("the child of a fork has a trace of its own and leaves its parent's alone") {
  const Folder folder;
  CHECK(record(folder, "fork") == 7);
  const auto found = traces(folder);
  REQUIRE(found.size() == 2);
  for (const auto& [name, header] : found) {
    const std::string path = folder / name;
    INFO(path);
    CHECK(allocations_of(path, marker) == (header.forked ? 0 : 1));
    CHECK(allocations_of(path, marker + 1) == (header.forked ? child_blocks : 0));
    CHECK(allocations_of(path, marker + 2) == (header.forked ? 0 : parent_blocks));
    CHECK(header.unknown_frees == (header.forked ? 1u : 0u));  // the inherited block
    CHECK(header.implied_frees == 0);
  }
  CHECK(found.begin()->second.forked != found.rbegin()->second.forked);
}

TEST_CASE("a program that is exec'd is recorded apart, and one that is killed loses nothing") {
  const Folder folder;
  CHECK(record(folder, "exec") == 128 + SIGKILL);
  const auto found = traces(folder);
  REQUIRE(found.size() == 2);
  CHECK(allocations_of(folder / "t", marker) ==
        killed_blocks);  // the one with most events has the plain name
  CHECK(found.at("t").totals.end_live_bytes >= marker * killed_blocks);
  CHECK(found.at("t").command.ends_with(" killed"));
  CHECK(allocations_of(folder / found.rbegin()->first, marker + 2) == parent_blocks);
}

TEST_CASE("a program that closes all its descriptors is still recorded") {
  const Folder folder;
  CHECK(record(folder, "close") == 7);
  CHECK(allocations_of(folder / "t", marker) == parent_blocks + killed_blocks);
}

TEST_CASE("what cannot be recorded is said") {
  const Folder folder;
  CHECK(shunt_trace(folder, "record -o " + (folder / "t") + " -- " + (folder / "missing")) == 127);
  CHECK(load(folder / "messages").find("nothing was recorded") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "t"));
  CHECK(shunt_trace(folder, "record -o " + (folder / "t") + " -- " +
                                built("tests/examples/trace-static-program")) == 7);
  CHECK(load(folder / "messages").find("statically linked") != std::string::npos);
  CHECK(shunt_trace(folder, "info " + (folder / "missing")) == 1);
  CHECK(load(folder / "messages").find("No such file") != std::string::npos);
}

TEST_CASE("info, verify and cut work on a recorded trace") {
  const Folder folder;
  record(folder, "every");
  CHECK(shunt_trace(folder, "info " + (folder / "t")) == 0);
  CHECK(load(folder / "output").find("peak live") != std::string::npos);
  CHECK(shunt_trace(folder, "verify " + (folder / "t")) == 0);
  CHECK(shunt_trace(folder, "cut " + (folder / "t") + " " + (folder / "t2") + " --events 5") == 0);
  const std::vector<Event> whole = read(folder / "t");
  CHECK(read(folder / "t2") == std::vector<Event>(whole.begin(), whole.begin() + 5));
}

TEST_CASE("a damaged raw file is refused with the place") {
  const Folder folder;
  record(folder, "fork", "--keep-raw");
  std::string raw_path;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("raw.")) raw_path = entry.path();
  }
  REQUIRE(finish(raw_path, folder / "again", 3).has_value());
  const std::string sound = load(raw_path);
  const std::size_t first_record = raw::header_bytes + sizeof(raw::ChunkHeader);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{8}, std::size_t{raw::header_bytes}, first_record}) {
    std::string damaged = sound;
    damaged[at] = 0x7F;
    save(raw_path, damaged);
    INFO("byte ", at);
    CHECK_THROWS_AS(finish(raw_path, folder / "never", 3), Error);
    CHECK_FALSE(fs::exists(folder / "never"));
  }
  save(raw_path, sound.substr(0, 100));
  CHECK_THROWS_AS(finish(raw_path, folder / "never", 3), Error);
}

TEST_CASE("of several processes only the one with the most events is kept, unless all are asked for") {
  const Folder folder;
  const std::string arguments =
      "record -o " + (folder / "t") + " -- sh -c 'ls / >/dev/null; ls /usr >/dev/null; exit 3'";
  CHECK(shunt_trace(folder, arguments) == 3);
  CHECK(traces(folder).size() == 1);
  CHECK(shunt_trace(folder, "record --all" + arguments.substr(6)) == 3);
  CHECK(traces(folder).size() > 1);
}

}  // namespace shunt::trace::testing
