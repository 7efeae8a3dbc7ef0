// The raw file: what the recorder inside a recorded program writes and `shunt-trace finish` reads.
//
// It is made to be cheap and to survive anything: the recorder maps the file shared and stores records
// straight into it, so what a program had recorded when it was killed is in the file, and there is nothing to
// flush. It is private to the two programs of one build, in the byte order of the host, and holds addresses;
// the trace that is kept and passed on is the other format (docs/trace-format.md).
//
//   file    FileHeader, padded to header_bytes, then chunks of chunk_bytes; a chunk that was never claimed is
//   zero chunk   ChunkHeader, then records until one whose stamp is zero or the chunk is full
//
// A chunk belongs to one lane. Within a lane stamps rise from record to record and from chunk to chunk, so
// merging the lanes by stamp gives the order of the whole program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shunt::trace::raw {

inline constexpr std::uint64_t file_magic =
    0x3157'4152'544E'4853;                                 // "SHNTRAW1", read as a little-endian number
inline constexpr std::uint32_t chunk_magic = 0x4B4E'4843;  // "CHNK"
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint32_t header_bytes = 16 * 1024;
inline constexpr std::uint32_t chunk_bytes = 256 * 1024;
// Threads share lanes by number; with this many, most programs give each thread a lane of its own.
inline constexpr std::uint32_t lane_count = 64;

struct FileHeader {
  std::uint64_t magic;  // stored last: a file without it was never begun
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint32_t chunk_bytes;
  std::uint32_t process;
  std::uint32_t forked;  // 1: begun in the child of a fork, which owns objects never recorded
  std::atomic<std::uint32_t> stopped_errno;  // why recording ended early, 0 while it goes on
  std::int64_t start_seconds;                // since 1970, UTC
  std::uint32_t command_bytes;
  std::uint32_t reserved;
  char kernel[256];    // uname: sysname release machine
  char command[8192];  // arguments, each ended by a zero byte; cut to what fits
};
static_assert(sizeof(FileHeader) <= header_bytes);

struct ChunkHeader {
  std::uint32_t magic;
  std::uint32_t lane;
  std::uint64_t reserved[2];
};

enum class Operation : std::uint8_t {
  none = 0,
  allocate,
  allocate_zeroed,
  free,
  // A reallocation is two records, because the old address is given up before the call and the new one is
  // owned after it, and another thread may take or leave either in between.
  reallocate_begin,   // address: the old one
  reallocate_end,     // address: the new one, bytes: the new size
  reallocate_failed,  // address: the old one, which stays
  reallocate_freed,   // realloc(p, 0) that freed
};

// stamp_word   63..16 stamp, from 1    15..8 alignment as a power of two, 0 = ordinary    7..0 operation
// size_word    63..16 bytes            15..0 thread, from 0, wrapping
struct Record {
  std::uint64_t stamp_word;  // stored last, with release: a record without it was never finished
  std::uint64_t address;
  std::uint64_t size_word;
};
static_assert(sizeof(Record) == 24 && sizeof(ChunkHeader) == sizeof(Record));

inline constexpr std::uint32_t records_per_chunk = (chunk_bytes - sizeof(ChunkHeader)) / sizeof(Record);

constexpr std::uint64_t pack_stamp(std::uint64_t stamp, unsigned alignment_log2, Operation operation) {
  return stamp << 16 | std::uint64_t{alignment_log2 & 0xFF} << 8 | static_cast<std::uint64_t>(operation);
}
constexpr std::uint64_t pack_size(std::uint64_t bytes, std::uint32_t thread) {
  return bytes << 16 | (thread & 0xFFFF);
}

}  // namespace shunt::trace::raw
