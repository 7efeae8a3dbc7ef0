// See trace_reader.hpp. open() checks both ends of the file and that the index leads from one to the other
// without a gap; next() decodes block after block and keeps one bit an object to see that the history is
// sound.
#include "trace_reader.hpp"

#include <zstd.h>

#include <utility>
#include <vector>

#include "block_codec.hpp"
#include "header_codec.hpp"
#include "trace_file.hpp"
#include "trace_layout.hpp"
#include "trace_totals.hpp"

namespace shunt::trace {
namespace {

constexpr const char* copy_again = "copy or record the trace again";

struct BlockPlace {
  std::uint64_t offset, end, first_event, next_event;
};

// The magic and the version come before every checksum: they decide whether this is ours to check.
void check_preamble(TraceFile& file) {
  if (file.size() < layout::file_magic.size() ||
      file.read(0, layout::file_magic.size(), "magic") != layout::file_magic) {
    file.fail(0, "not a Shunt trace", "record one with `./dev record -- COMMAND`");
  }
  const auto version = get_fixed<std::uint16_t>(file.read(8, 2, "version"), 0);
  if (version > format_version) {
    file.fail(8, "format version " + std::to_string(version),
              "this program reads up to " + std::to_string(format_version) + ": update it");
  }
  if (version == 0) file.fail(8, "format version 0, which never was", copy_again);
}

Header read_header(TraceFile& file, std::uint64_t& end) {
  const std::string preamble = file.read(0, layout::preamble_bytes, "preamble");
  const auto bytes = get_fixed<std::uint32_t>(preamble, 12);
  if (bytes > layout::header_limit)
    file.fail(12, "a header of " + std::to_string(bytes) + " bytes", copy_again);
  const std::string text = file.read(layout::preamble_bytes, bytes, "header");
  if (hash_of(preamble.substr(0, layout::preamble_hashed_bytes), text) !=
      get_fixed<std::uint64_t>(preamble, layout::preamble_hashed_bytes)) {
    file.fail(0, "damaged header: its checksum does not match", copy_again);
  }
  if (get_fixed<std::uint16_t>(preamble, 10) != 0) file.fail(10, "unknown flags", "update this program");
  Header header;
  if (!decode_header(text, header)) file.fail(layout::preamble_bytes, "a header that is none", copy_again);
  end = layout::preamble_bytes + bytes;
  return header;
}

// The footer with its trailer, checked by its hash.
std::string read_footer(TraceFile& file, std::uint64_t& offset) {
  if (file.size() < layout::trailer_bytes) file.fail(file.size(), "cut off in the header", copy_again);
  const std::uint64_t trailer_offset = file.size() - layout::trailer_bytes;
  const std::string trailer = file.read(trailer_offset, layout::trailer_bytes, "trailer");
  if (trailer.substr(16) != layout::end_magic) {
    file.fail(file.size(), "cut off: the end mark is missing", copy_again);
  }
  offset = get_fixed<std::uint64_t>(trailer, 0);
  if (offset > trailer_offset || trailer_offset - offset < layout::footer_fixed_bytes) {
    file.fail(trailer_offset, "an index said to be at byte " + std::to_string(offset), copy_again);
  }
  const std::string footer = file.read(offset, trailer_offset + 8 - offset, "index");
  if (hash_of(footer) != get_fixed<std::uint64_t>(trailer, 8)) {
    file.fail(offset, "damaged index: its checksum does not match", copy_again);
  }
  return footer;
}

std::vector<BlockPlace> read_index(TraceFile& file, std::uint64_t header_end, std::uint64_t events) {
  std::uint64_t offset = 0;
  const std::string footer = read_footer(file, offset);
  const std::uint64_t count = get_fixed<std::uint32_t>(footer, 4);
  if (get_fixed<std::uint32_t>(footer, 0) != layout::footer_magic ||
      footer.size() != layout::footer_fixed_bytes + count * layout::footer_entry_bytes + 8) {
    file.fail(offset, "an index that is none", copy_again);
  }
  std::vector<BlockPlace> places(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = layout::footer_fixed_bytes + i * layout::footer_entry_bytes;
    places[i] = {get_fixed<std::uint64_t>(footer, at), offset, get_fixed<std::uint64_t>(footer, at + 8),
                 events};
    if (i > 0) places[i - 1].end = places[i].offset;
    if (i > 0) places[i - 1].next_event = places[i].first_event;
  }
  if ((count == 0 ? offset : places[0].offset) != header_end || (count == 0) != (events == 0)) {
    file.fail(offset, "an index that leaves a gap after the header", copy_again);
  }
  return places;
}

}  // namespace

class Reader::Implementation {
 public:
  explicit Implementation(const std::string& path) : file_(path) {
    check_preamble(file_);
    std::uint64_t header_end = 0;
    header_ = read_header(file_, header_end);
    places_ = read_index(file_, header_end, header_.totals.events);
  }

  const Header& header() const { return header_; }
  std::uint64_t position() const { return position_; }

  bool next(Event& event) {
    if (position_ == block_end_) {
      if (position_ != 0 && !decoder_.at_end()) fail_here("more in the block than its events", copy_again);
      if (next_block_ == places_.size()) return finish();
      load(places_[next_block_++]);
    }
    if (!decoder_.next(event)) fail_here("cannot be decoded", copy_again);
    check(event);
    ++position_;
    return true;
  }

 private:
  [[noreturn]] void fail_here(const std::string& found, const std::string& wanted) const {
    const std::uint64_t offset = next_block_ == 0 ? 0 : places_[next_block_ - 1].offset;
    file_.fail(offset, "event " + std::to_string(position_) + " of this block's " + found, wanted);
  }

  void load(const BlockPlace& place) {
    if (place.end < place.offset || place.end - place.offset < layout::block_header_bytes ||
        place.end - place.offset >
            layout::block_header_bytes + ZSTD_COMPRESSBOUND(layout::block_plain_limit)) {
      file_.fail(place.offset, "a block of an impossible length", copy_again);
    }
    const std::string bytes = file_.read(place.offset, place.end - place.offset, "block");
    const std::string stored = bytes.substr(layout::block_header_bytes);
    if (hash_of(bytes.substr(0, layout::block_hashed_bytes), stored) !=
        get_fixed<std::uint64_t>(bytes, layout::block_hashed_bytes)) {
      file_.fail(place.offset, "damaged block: its checksum does not match", copy_again);
    }
    const auto events = get_fixed<std::uint32_t>(bytes, 4);
    const auto plain_bytes = get_fixed<std::uint32_t>(bytes, 20);
    if (get_fixed<std::uint32_t>(bytes, 0) != layout::block_magic || events == 0 ||
        get_fixed<std::uint64_t>(bytes, 8) != position_ || position_ != place.first_event ||
        position_ + events != place.next_event || get_fixed<std::uint32_t>(bytes, 16) != stored.size() ||
        plain_bytes > layout::block_plain_limit) {
      file_.fail(place.offset, "a block that the index does not describe", copy_again);
    }
    decompress(place, stored, plain_bytes);
    block_end_ = position_ + events;
  }

  void decompress(const BlockPlace& place, const std::string& stored, std::size_t plain_bytes) {
    plain_.resize(plain_bytes);
    const std::size_t size = ZSTD_decompress(plain_.data(), plain_.size(), stored.data(), stored.size());
    if (size != plain_bytes || !decoder_.start(plain_, objects_)) {
      file_.fail(place.offset, "a block that does not decompress", copy_again);
    }
  }

  void check(const Event& event) {
    if (event.kind == EventKind::allocate) {
      ++objects_;
      live_.push_back(true);
      return;
    }
    const std::string named = "object " + std::to_string(event.object);
    if (event.object >= objects_) {
      fail_here("names an object that is not allocated before it: unknown " + named, copy_again);
    }
    if (!live_[event.object]) fail_here("names " + named + ", which is freed already", copy_again);
    if (event.kind == EventKind::free) {
      live_[event.object] = false;
      ++frees_;
    }
  }

  bool finish() {
    if (objects_ != header_.totals.objects || frees_ != header_.totals.frees) {
      file_.fail(layout::preamble_bytes,
                 "a header that counts " + std::to_string(header_.totals.objects) + " allocations and " +
                     std::to_string(header_.totals.frees) + " frees where the events have " +
                     std::to_string(objects_) + " and " + std::to_string(frees_),
                 copy_again);
    }
    return false;
  }

  TraceFile file_;
  Header header_;
  std::vector<BlockPlace> places_;
  std::size_t next_block_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t block_end_ = 0;
  std::string plain_;
  BlockDecoder decoder_;
  std::uint64_t objects_ = 0;
  std::uint64_t frees_ = 0;
  std::vector<bool> live_;
};

Reader Reader::open(const std::string& path) { return Reader(std::make_unique<Implementation>(path)); }
Reader::Reader(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
const Header& Reader::header() const { return implementation_->header(); }
bool Reader::next(Event& event) { return implementation_->next(event); }
std::uint64_t Reader::position() const { return implementation_->position(); }

Header verify(const std::string& path) {
  Reader reader = Reader::open(path);
  TotalsCounter counter;
  Event event;
  while (reader.next(event)) {
    if (const char* wrong = counter.add(event)) {
      throw Error(path, 0, "event " + std::to_string(reader.position() - 1) + " " + wrong, copy_again);
    }
  }
  if (counter.totals() != reader.header().totals) {
    throw Error(path, layout::preamble_bytes, "the header's totals are not those of the events", copy_again);
  }
  return reader.header();
}

}  // namespace shunt::trace
