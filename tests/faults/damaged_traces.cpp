// Traces that are none any more. The full set of damages is in tests/examples/trace_damage_test.cpp; here
// they stand in the table with everything else that a caller may hand over.
#include <filesystem>
#include <fstream>

#include <stdlib.h>

#include "faults/bad_input.hpp"
#include "trace_reader.hpp"
#include "trace_writer.hpp"

namespace shunt::testing {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "shunt-faults.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return (path_ / "trace").string(); }

 private:
  fs::path path_;
};

std::string sound_trace(const std::string& path) {
  {
    trace::Writer writer(path, trace::Header{}, 3);
    for (std::uint64_t i = 0; i < 100; ++i) {
      trace::Event event;
      event.object = i;
      event.bytes = 16 * i;
      writer.append(event);
    }
    writer.finish();
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string read_damaged(const std::function<void(std::string&)>& damage) {
  const Folder folder;
  std::string bytes = sound_trace(folder.file());
  damage(bytes);
  fs::remove(folder.file());
  std::ofstream(folder.file(), std::ios::binary) << bytes;
  try {
    trace::verify(folder.file());
    return "accepted";
  } catch (const trace::Error& error) {
    const std::string words = error.what();
    return words.starts_with(folder.file()) ? words : "does not name the file: " + words;
  }
}

std::string read_missing(ModelHeap&) {
  const Folder folder;
  try {
    trace::verify(folder.file());
    return "accepted";
  } catch (const trace::Error& error) {
    return error.what();
  }
}

BadInput trace_with(std::string name, std::function<void(std::string&)> damage, std::string says) {
  return {std::move(name), [=](ModelHeap&) { return read_damaged(damage); }, std::move(says)};
}

}  // namespace

std::vector<BadInput> damaged_traces() {
  return {
      trace_with(
          "no damage", [](std::string&) {}, "accepted"),
      trace_with(
          "an empty file", [](std::string& s) { s.clear(); }, "byte 0"),
      trace_with(
          "another file", [](std::string& s) { s = std::string(1000, 'x'); }, "byte 0"),
      trace_with(
          "cut in the middle", [](std::string& s) { s.resize(s.size() / 2); }, ": byte "),
      trace_with(
          "a byte short", [](std::string& s) { s.pop_back(); }, ": byte "),
      trace_with(
          "a byte longer", [](std::string& s) { s.push_back('x'); }, ": byte "),
      trace_with(
          "a bit in the middle", [](std::string& s) { s[s.size() / 2] ^= 4; }, ": byte "),
      trace_with(
          "a bit at the end", [](std::string& s) { s.back() ^= 1; }, ": byte "),
      {"a file that is not there", read_missing, "trace"},
  };
}

}  // namespace shunt::testing
