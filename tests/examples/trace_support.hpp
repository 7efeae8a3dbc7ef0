// What the trace tests share: folders that clean up after themselves, random histories, and traces put
// together by hand (the only way to make one whose checksums are right and whose contents are not).
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "block_codec.hpp"
#include "bytes.hpp"
#include "header_codec.hpp"
#include "support/check.hpp"
#include "trace_format.hpp"
#include "trace_layout.hpp"
#include "trace_reader.hpp"
#include "trace_totals.hpp"
#include "trace_writer.hpp"

#include <stdlib.h>
#include <zstd.h>

namespace shunt::trace::testing {

namespace fs = std::filesystem;
using shunt::testing::test_seed;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "shunt-trace-test.XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline std::string load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void save(const std::string& path, const std::string& bytes) {
  fs::remove(path);  // ext4 waits for the disk when a file is cut to nothing and written again
  std::ofstream(path, std::ios::binary) << bytes;
}

inline Header example_header() {
  Header header;
  header.command = "program --with 'some arguments'";
  header.kernel = "Linux 6.18.0 x86_64";
  header.recorded_seconds = 1'700'000'000;
  header.unknown_frees = 3;
  header.implied_frees = 1;
  return header;
}

// A sound history: allocations of all sizes and alignments, reallocations, frees of old and young, by some
// threads.
inline std::vector<Event> random_history(std::mt19937_64& random, std::size_t count) {
  std::vector<Event> history;
  std::vector<std::uint64_t> live;
  std::uint64_t objects = 0;
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto size = [&] { return below(20) == 0 ? 0 : random() >> (17 + below(47)); };
  while (history.size() < count) {
    Event event;
    event.thread = static_cast<std::uint32_t>(below(8) == 0 ? random() >> 32 : below(3));
    const std::uint64_t choice = live.empty() ? 0 : below(10);
    if (choice < 5) {
      event.object = objects++;
      event.bytes = size();
      event.zeroed = below(4) == 0;
      if (below(8) == 0) event.alignment = std::uint64_t{16} << below(18);
      live.push_back(event.object);
    } else {
      const std::size_t at = below(3) == 0 ? live.size() - 1 : below(live.size());
      event.object = live[at];
      event.kind = choice == 5 ? EventKind::reallocate : EventKind::free;
      if (choice == 5) event.bytes = size();
      if (choice != 5) live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    }
    history.push_back(event);
  }
  return history;
}

inline Header write(const std::string& path, const std::vector<Event>& history, const Header& about,
                    int compression = 3) {
  Writer writer(path, about, compression);
  for (const Event& event : history) writer.append(event);
  return writer.finish();
}

inline std::vector<Event> read(const std::string& path) {
  Reader reader = Reader::open(path);
  std::vector<Event> history;
  for (Event event; reader.next(event);) history.push_back(event);
  return history;
}

// The Error that reading and verifying a trace gives, or none.
inline std::optional<Error> error_of(const std::string& path) {
  try {
    verify(path);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

// Where the parts of a hand-made trace can be made wrong before checksums are put over them.
struct Craft {
  Header header = example_header();
  std::vector<Event> events;
  std::uint64_t first_event = 0;                                         // as the block and the index say
  std::uint16_t flags = 0;                                               // of the preamble
  std::function<void(std::string&)> change_block = [](std::string&) {};  // the columns, before compression
};

inline std::string with_hash(const std::string& fixed, const std::string& rest) {
  std::string out = fixed;
  put_fixed(out, hash_of(fixed, rest));
  return out + rest;
}

// A trace of one block, written by this file and not by the Writer.
inline std::string craft(const Craft& parts) {
  std::string preamble(layout::file_magic);
  put_fixed(preamble, format_version);
  put_fixed(preamble, parts.flags);
  const std::string header = encode_header(parts.header);
  put_fixed(preamble, static_cast<std::uint32_t>(header.size()));
  std::string out = with_hash(preamble, header);
  BlockEncoder encoder;
  for (const Event& event : parts.events) encoder.add(event);
  std::string plain = encoder.take();
  parts.change_block(plain);
  std::string stored(ZSTD_compressBound(plain.size()), '\0');
  stored.resize(ZSTD_compress(stored.data(), stored.size(), plain.data(), plain.size(), 3));
  std::string block;
  put_fixed(block, layout::block_magic);
  put_fixed(block, static_cast<std::uint32_t>(parts.events.size()));
  put_fixed(block, parts.first_event);
  put_fixed(block, static_cast<std::uint32_t>(stored.size()));
  put_fixed(block, static_cast<std::uint32_t>(plain.size()));
  const std::uint64_t block_offset = out.size();
  out += with_hash(block, stored);
  const std::uint64_t footer_offset = out.size();
  std::string footer;
  put_fixed(footer, layout::footer_magic);
  put_fixed(footer, std::uint32_t{1});
  put_fixed(footer, block_offset);
  put_fixed(footer, parts.first_event);
  put_fixed(footer, footer_offset);
  return out + with_hash(footer, "") + std::string(layout::end_magic);
}

}  // namespace shunt::trace::testing
