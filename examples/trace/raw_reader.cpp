// See raw_reader.hpp.
#include "raw_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "trace_format.hpp"

namespace shunt::trace {
namespace {

constexpr const char* record_again = "record again with this build's libshunt-record.so";

std::uint64_t load_word(const char* at) {
  // acquire: pairs with the recorder's release of a stamp, when the program still runs.
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(const_cast<char*>(at)))
      .load(std::memory_order_acquire);
}

}  // namespace

void RawReader::Unmap::operator()(const char* memory) const { munmap(const_cast<char*>(memory), bytes); }

RawReader::RawReader(const std::string& path) : path_(path), lanes_(raw::lane_count) {
  map(path);
  if (header().version != raw::version || header().header_bytes != raw::header_bytes ||
      header().chunk_bytes != raw::chunk_bytes || header().command_bytes > sizeof(raw::FileHeader::command)) {
    fail(8, "a raw file of another version", record_again);
  }
  find_chunks();
  const auto later = [this](std::uint32_t a, std::uint32_t b) { return lanes_[a].stamp > lanes_[b].stamp; };
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].chunks.empty()) continue;
    advance(lanes_[i]);
    if (lanes_[i].stamp != 0) heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(), later);
}

void RawReader::map(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0)
    fail(0, std::string("cannot be opened: ") + std::strerror(errno), "name a raw file");
  size_ = static_cast<std::uint64_t>(status.st_size);
  void* memory = size_ < raw::header_bytes ? MAP_FAILED : mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (memory == MAP_FAILED) fail(size_, "too short for a raw file", record_again);
  memory_ = std::unique_ptr<const char, Unmap>(static_cast<const char*>(memory), Unmap{size_});
  if (load_word(memory_.get()) != raw::file_magic)
    fail(0, "not a raw file of libshunt-record.so", record_again);
}

const raw::FileHeader& RawReader::header() const {
  return *reinterpret_cast<const raw::FileHeader*>(memory_.get());
}

void RawReader::find_chunks() {
  for (std::uint64_t offset = raw::header_bytes; offset + raw::chunk_bytes <= size_;
       offset += raw::chunk_bytes) {
    raw::ChunkHeader chunk;
    std::memcpy(&chunk, memory_.get() + offset, sizeof(chunk));
    if (chunk.magic == 0) continue;  // reserved, but the program ended before it began it
    if (chunk.magic != raw::chunk_magic || chunk.lane >= lanes_.size()) {
      fail(offset, "no chunk header where one has to be", record_again);
    }
    lanes_[chunk.lane].chunks.push_back(offset);
  }
}

// Steps to the lane's next record; the first call finds its first one.
void RawReader::advance(LaneCursor& lane) {
  const std::uint64_t previous = lane.stamp;
  lane.stamp = 0;
  for (; lane.chunk < lane.chunks.size(); ++lane.chunk, lane.record = 0) {
    if (lane.record == raw::records_per_chunk) continue;
    lane.offset = lane.chunks[lane.chunk] + sizeof(raw::ChunkHeader) + lane.record * sizeof(raw::Record);
    const std::uint64_t word = load_word(memory_.get() + lane.offset);
    if (word == 0) continue;
    lane.stamp = word >> 16;
    if (lane.stamp <= previous) fail(lane.offset, "a record out of order", record_again);
    ++lane.record;
    return;
  }
}

bool RawReader::next(RawEvent& event) {
  if (heap_.empty()) return false;
  const auto later = [this](std::uint32_t a, std::uint32_t b) { return lanes_[a].stamp > lanes_[b].stamp; };
  std::pop_heap(heap_.begin(), heap_.end(), later);
  LaneCursor& lane = lanes_[heap_.back()];
  raw::Record record;
  std::memcpy(&record, memory_.get() + lane.offset, sizeof(record));
  const unsigned alignment_log2 = record.stamp_word >> 8 & 0xFF;
  event.stamp = lane.stamp;
  event.operation = static_cast<raw::Operation>(record.stamp_word & 0xFF);
  event.address = record.address;
  event.bytes = record.size_word >> 16;
  event.alignment = std::uint64_t{1} << (alignment_log2 & 63);
  event.thread = static_cast<std::uint32_t>(record.size_word & 0xFFFF);
  if (event.operation == raw::Operation::none || event.operation > raw::Operation::reallocate_freed ||
      alignment_log2 >= 48) {
    fail(lane.offset, "a record of an unknown kind", record_again);
  }
  advance(lane);
  if (lane.stamp == 0) {
    heap_.pop_back();
  } else {
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  return true;
}

void RawReader::fail(std::uint64_t offset, const std::string& found, const std::string& wanted) const {
  throw Error(path_, offset, found, wanted);
}

}  // namespace shunt::trace
