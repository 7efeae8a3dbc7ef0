// See trace_writer.hpp. Blocks are written as they fill; the header is written twice, first with zeros for
// the totals, at the end with the final ones, which take as many bytes.
#include "trace_writer.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "block_codec.hpp"
#include "header_codec.hpp"
#include "trace_layout.hpp"
#include "trace_totals.hpp"

namespace shunt::trace {

class Writer::Implementation {
 public:
  Implementation(const std::string& path, const Header& about, int compression)
      : path_(path), partial_(path + ".partial"), header_(about), compression_(compression) {
    header_.totals = {};
    file_ = std::fopen(partial_.c_str(), "wb");
    if (file_ == nullptr)
      fail("cannot be created: " + std::string(std::strerror(errno)), "name a writable folder");
    try {
      write(preamble_and_header());
    } catch (...) {
      abandon();
      throw;
    }
  }
  ~Implementation() { abandon(); }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void append(const Event& event) {
    if (const char* wrong = totals_.add(event)) {
      fail("event " + std::to_string(totals_.totals().events) + " " + wrong,
           "append events in the order they happened");
    }
    block_.add(event);
    if (block_.events() == layout::block_events_limit ||
        block_.plain_bytes() > layout::block_plain_limit / 2) {
      write_block();
    }
  }

  Header finish() {
    if (block_.events() != 0) write_block();
    write_footer();
    header_.totals = totals_.totals();
    if (std::fseek(file_, 0, SEEK_SET) != 0) fail_with_errno("cannot be rewound");
    write(preamble_and_header());
    FILE* file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0 || std::rename(partial_.c_str(), path_.c_str()) != 0) {
      const int error = errno;
      std::remove(partial_.c_str());
      fail("cannot be completed: " + std::string(std::strerror(error)), "free some space");
    }
    return header_;
  }

  const TotalsCounter& totals() const { return totals_; }
  void set_repairs(std::uint64_t unknown_frees, std::uint64_t implied_frees) {
    header_.unknown_frees = unknown_frees;
    header_.implied_frees = implied_frees;
  }

 private:
  struct IndexEntry {
    std::uint64_t offset, first_event;
  };

  [[noreturn]] void fail(const std::string& found, const std::string& wanted) const {
    throw Error(path_, offset_, found, wanted);
  }
  [[noreturn]] void fail_with_errno(const std::string& what) const {
    fail(what + ": " + std::strerror(errno), "free some space or name another folder");
  }

  void abandon() {
    if (file_ == nullptr) return;
    std::fclose(std::exchange(file_, nullptr));
    std::remove(partial_.c_str());
  }

  void write(const std::string& bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      fail_with_errno("cannot be written");
    offset_ += bytes.size();
  }

  std::string preamble_and_header() const {
    const std::string header = encode_header(header_);
    if (header.size() > layout::header_limit) fail("has a header of more than 1 MiB", "shorten the command");
    std::string out(layout::file_magic);
    put_fixed(out, format_version);
    put_fixed(out, std::uint16_t{0});
    put_fixed(out, static_cast<std::uint32_t>(header.size()));
    put_fixed(out, hash_of(out, header));
    return out + header;
  }

  std::string compress(const std::string& plain) const {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), compression_);
    if (ZSTD_isError(size) != 0) fail(std::string("zstd: ") + ZSTD_getErrorName(size), "use another level");
    out.resize(size);
    return out;
  }

  void write_block() {
    const std::uint32_t events = block_.events();
    const std::uint64_t first_event = totals_.totals().events - events;
    const std::string plain = block_.take();
    const std::string stored = compress(plain);
    std::string out;
    put_fixed(out, layout::block_magic);
    put_fixed(out, events);
    put_fixed(out, first_event);
    put_fixed(out, static_cast<std::uint32_t>(stored.size()));
    put_fixed(out, static_cast<std::uint32_t>(plain.size()));
    put_fixed(out, hash_of(out, stored));
    index_.push_back({offset_, first_event});
    write(out + stored);
  }

  void write_footer() {
    const std::uint64_t footer_offset = offset_;
    std::string out;
    put_fixed(out, layout::footer_magic);
    put_fixed(out, static_cast<std::uint32_t>(index_.size()));
    for (const IndexEntry& entry : index_) {
      put_fixed(out, entry.offset);
      put_fixed(out, entry.first_event);
    }
    put_fixed(out, footer_offset);
    put_fixed(out, hash_of(out));
    out += layout::end_magic;
    write(out);
  }

  std::string path_, partial_;
  Header header_;
  int compression_;
  std::FILE* file_ = nullptr;
  std::uint64_t offset_ = 0;
  BlockEncoder block_;
  TotalsCounter totals_;
  std::vector<IndexEntry> index_;
};

Writer::Writer(const std::string& path, const Header& about, int compression)
    : implementation_(std::make_unique<Implementation>(path, about, compression)) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;

void Writer::append(const Event& event) { implementation_->append(event); }

std::uint64_t Writer::allocate(std::uint64_t bytes, std::uint64_t alignment, bool zeroed,
                               std::uint32_t thread) {
  Event event;
  event.zeroed = zeroed;
  event.thread = thread;
  event.object = implementation_->totals().totals().objects;
  event.bytes = bytes;
  event.alignment = std::max(default_alignment, std::bit_ceil(alignment));
  append(event);
  return event.object;
}

void Writer::reallocate(std::uint64_t object, std::uint64_t bytes, std::uint32_t thread) {
  Event event;
  event.kind = EventKind::reallocate;
  event.thread = thread;
  event.object = object;
  event.bytes = bytes;
  append(event);
}

void Writer::release(std::uint64_t object, std::uint32_t thread) {
  Event event;
  event.kind = EventKind::free;
  event.thread = thread;
  event.object = object;
  append(event);
}

void Writer::set_repairs(std::uint64_t unknown_frees, std::uint64_t implied_frees) {
  implementation_->set_repairs(unknown_frees, implied_frees);
}
Header Writer::finish() { return implementation_->finish(); }

}  // namespace shunt::trace
