// What a trace holds: the values that readers and writers share. The bytes are in docs/trace-format.md and in
// trace_layout.hpp.
//
// A trace is the allocation history of one process: a header, then events in an order that can be replayed.
// Objects are numbered by their allocation, from 0, and a number is never used again; addresses are not kept.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace shunt::trace {

inline constexpr std::uint16_t format_version = 1;
// What malloc promises without being asked.
inline constexpr std::uint64_t default_alignment = 16;

enum class EventKind : std::uint8_t { allocate, reallocate, free };

struct Event {
  EventKind kind = EventKind::allocate;
  bool zeroed = false;                          // allocate: the program asked for zeros (calloc)
  std::uint32_t thread = 0;                     // who asked, from 0 in order of appearance
  std::uint64_t object = 0;                     // allocate: always the number of allocations before it
  std::uint64_t bytes = 0;                      // allocate, reallocate: the size asked for, which may be 0
  std::uint64_t alignment = default_alignment;  // allocate: a power of two, at least default_alignment
  bool operator==(const Event&) const = default;
};

// Counted over a whole trace.
struct Totals {
  std::uint64_t events = 0;
  std::uint64_t objects = 0;  // allocations
  std::uint64_t reallocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t threads = 0;          // highest thread number + 1
  std::uint64_t allocated_bytes = 0;  // asked for, by allocations and reallocations
  std::uint64_t largest_bytes = 0;    // of one object
  std::uint64_t peak_live_bytes = 0;  // sizes asked for; an allocator needs more
  std::uint64_t peak_event = 0;       // number of the event that first reached it, from 0
  std::uint64_t peak_live_objects = 0;
  std::uint64_t end_live_bytes = 0;  // never freed
  bool operator==(const Totals&) const = default;
};

struct Header {
  std::string command;                // arguments, separated by spaces, quoted where they hold any
  std::string kernel;                 // of the host that recorded: "Linux 6.18.0 x86_64"
  std::int64_t recorded_seconds = 0;  // when the process began, since 1970, UTC
  bool forked = false;  // the history begins in the child of a fork: what it inherited is not in it
  // What finishing had to leave out or put in, so that the history can be replayed.
  std::uint64_t unknown_frees = 0;  // frees of objects allocated before recording began: left out
  std::uint64_t implied_frees = 0;  // objects whose address was allocated again unseen: freed then
  Totals totals;
  bool operator==(const Header&) const = default;
};

// Every failure of reading or writing a trace. what() is one line: file, byte offset, what was found there,
// and what would be right.
class Error : public std::runtime_error {
 public:
  Error(const std::string& file, std::uint64_t offset, const std::string& found, const std::string& wanted)
      : std::runtime_error(file + ": byte " + std::to_string(offset) + ": " + found + "; " + wanted),
        offset_(offset) {}
  std::uint64_t offset() const { return offset_; }

 private:
  std::uint64_t offset_;
};

}  // namespace shunt::trace
