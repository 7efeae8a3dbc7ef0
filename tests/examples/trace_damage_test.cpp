// Traces that were damaged, cut off, or never were traces: each gets an Error that says where.
#include "trace_support.hpp"

namespace shunt::trace::testing {
namespace {

std::string small_trace(const Folder& folder) {
  std::mt19937_64 random(test_seed());
  write(folder / "small", random_history(random, 40), example_header());
  return load(folder / "small");
}

// The message has to name the file and a byte inside it or at its end.
void check_error(const std::optional<Error>& error, const std::string& path, std::size_t size) {
  REQUIRE(error.has_value());
  INFO(error->what());
  CHECK(std::string(error->what()).starts_with(path + ": byte " + std::to_string(error->offset()) + ": "));
  CHECK(error->offset() <= size);
}

}  // namespace

TEST_CASE("no damaged byte of a trace goes unnoticed") {
  const Folder folder;
  const std::string sound = small_trace(folder);
  const std::string path = folder / "damaged";
  REQUIRE_FALSE(error_of(folder / "small").has_value());
  for (std::size_t at = 0; at < sound.size(); ++at) {
    for (const unsigned change : {0x01u, 0x02u, 0x04u, 0x08u, 0x10u, 0x20u, 0x40u, 0x80u, 0xFFu}) {
      std::string damaged = sound;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ change);
      save(path, damaged);
      INFO("byte ", at, " changed by ", change);
      check_error(error_of(path), path, damaged.size());
    }
  }
}

TEST_CASE("a trace that is cut off anywhere is noticed when it is opened") {
  const Folder folder;
  const std::string sound = small_trace(folder);
  const std::string path = folder / "cut";
  for (std::size_t length = 0; length < sound.size(); ++length) {
    save(path, sound.substr(0, length));
    INFO("cut to ", length, " of ", sound.size());
    CHECK_THROWS_AS(Reader::open(path), Error);
    check_error(error_of(path), path, length);
  }
}

TEST_CASE("bytes added to a trace are noticed") {
  const Folder folder;
  const std::string path = folder / "longer";
  save(path, small_trace(folder) + '\0');
  check_error(error_of(path), path, load(path).size());
}

TEST_CASE("damage in one of several blocks is found at that block, and what is before it can be read") {
  std::mt19937_64 random(test_seed());
  const Folder folder;
  const std::string path = folder / "t";
  Writer writer(path, example_header(), 1);
  for (std::uint32_t i = 0; i < layout::block_events_limit + 1000; ++i)
    writer.allocate(random() % 9999, 1, false, 0);
  writer.finish();
  std::string bytes = load(path);
  const std::size_t second = bytes.rfind("BLCK");
  REQUIRE(second != std::string::npos);
  bytes[second + 40] ^= 1;
  save(path, bytes);
  Reader reader = Reader::open(path);
  Event event;
  for (std::uint32_t i = 0; i < layout::block_events_limit; ++i) REQUIRE(reader.next(event));
  try {
    reader.next(event);
    FAIL("the damaged block was taken");
  } catch (const Error& error) {
    CHECK(error.offset() == second);
    CHECK(std::string(error.what()).find("damaged block") != std::string::npos);
  }
}

TEST_CASE("files that are no traces are refused by name") {
  const Folder folder;
  save(folder / "text", "This is a text about malloc that is long enough to hold a header of any kind.\n");
  save(folder / "empty", "");
  for (const std::string& path : {folder / "text", folder / "empty", std::string("/proc/self/exe")}) {
    const auto error = error_of(path);
    REQUIRE(error.has_value());
    CHECK(error->offset() == 0);
    CHECK(std::string(error->what()).find("not a Shunt trace") != std::string::npos);
  }
  const auto missing = error_of(folder / "missing");
  REQUIRE(missing.has_value());
  CHECK(std::string(missing->what()).find("No such file") != std::string::npos);
  CHECK(error_of(folder.path().string()).has_value());
}

TEST_CASE("a trace of a newer version says so") {
  const Folder folder;
  std::string bytes = small_trace(folder);
  bytes[8] = 2;
  save(folder / "newer", bytes);
  const auto error = error_of(folder / "newer");
  REQUIRE(error.has_value());
  CHECK(error->offset() == 8);
  CHECK(std::string(error->what()).find("format version 2; this program reads up to 1") != std::string::npos);
}

TEST_CASE("the bundled trace is sound, small, and as large a history as the demo needs") {
  const char* root = std::getenv("SHUNT_SOURCE_ROOT");
  REQUIRE(root != nullptr);
  const std::string path = std::string(root) + "/examples/trace/clang-regex.shunt-trace";
  const Header header = verify(path);
  CHECK(fs::file_size(path) < 2u << 20);
  CHECK(header.totals.events > 500'000);
  CHECK(header.totals.peak_live_bytes > 20u << 20);
  CHECK(header.command.find("clang") != std::string::npos);
  CHECK(header.kernel.starts_with("Linux "));
  CHECK(header.implied_frees == 0);
}

}  // namespace shunt::trace::testing
