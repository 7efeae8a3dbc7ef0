// Reads a raw file (raw_format.hpp) in the order of stamps, by merging its lanes. The recorded program may be
// long gone, killed, or still running: what it had stored when the file was opened is read.
//
// Memory: the file is mapped, nothing else grows with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "raw_format.hpp"

namespace shunt::trace {

struct RawEvent {
  std::uint64_t stamp = 0;
  raw::Operation operation = raw::Operation::none;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::uint64_t alignment = 1;
  std::uint32_t thread = 0;
};

class RawReader {
 public:
  // Throws trace::Error when the file is not a raw one or its chunks contradict themselves.
  explicit RawReader(const std::string& path);
  const raw::FileHeader& header() const;
  // O(log lanes). False after the last event; throws Error at a damaged record.
  bool next(RawEvent& event);

 private:
  struct Unmap {
    std::uint64_t bytes;
    void operator()(const char* memory) const;
  };
  // Where a lane's next record is: chunk `chunk` of its own list, record `record` of that.
  struct LaneCursor {
    std::vector<std::uint64_t> chunks;  // file offsets
    std::size_t chunk = 0;
    std::uint32_t record = 0;
    std::uint64_t offset = 0;  // of the current record
    std::uint64_t stamp = 0;   // of the current record, 0 at the end
  };

  void map(const std::string& path);
  void find_chunks();
  void advance(LaneCursor& lane);
  [[noreturn]] void fail(std::uint64_t offset, const std::string& found, const std::string& wanted) const;

  std::string path_;
  std::unique_ptr<const char, Unmap> memory_;
  std::uint64_t size_ = 0;
  std::vector<LaneCursor> lanes_;
  std::vector<std::uint32_t> heap_;  // of lanes that have a record, smallest stamp first
};

}  // namespace shunt::trace
