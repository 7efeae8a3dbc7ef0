// Writes a trace. The file appears under its name only when finish() has completed it; before, and when
// anything fails, there is at most NAME.partial, which the destructor removes.
//
// Keeps true: what it writes a Reader accepts. Misuse (an unknown object, a number out of turn) is an Error
// too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "trace_format.hpp"

namespace shunt::trace {

inline constexpr int default_compression = 15;  // zstd's scale, to 22

class Writer {
 public:
  // `about` gives all but the totals. Throws Error when the file cannot be created.
  Writer(const std::string& path, const Header& about, int compression = default_compression);
  ~Writer();
  Writer(Writer&&) noexcept;

  // Throws Error when the event does not fit what came before it, or the disk is full. Amortized O(1); keeps
  // 8 bytes of memory for every object of the trace.
  void append(const Event& event);
  // Appends an allocation and returns its object.
  std::uint64_t allocate(std::uint64_t bytes, std::uint64_t alignment, bool zeroed, std::uint32_t thread);
  void reallocate(std::uint64_t object, std::uint64_t bytes, std::uint32_t thread);
  void release(std::uint64_t object, std::uint32_t thread);

  // To be set before finish() where it was not known at the start.
  void set_repairs(std::uint64_t unknown_frees, std::uint64_t implied_frees);
  // Completes the file and returns its header. Nothing may be called afterwards.
  Header finish();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace shunt::trace
