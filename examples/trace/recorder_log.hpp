// Where the recorder's records go: a raw file of this process, mapped shared (raw_format.hpp).
//
// Keeps true:
// - a process writes only to its own file. All state lies in memory that the kernel wipes in the child of a
// fork,
//   however it was forked, and the file's mappings are not inherited; a child that allocates begins a new
//   file NAME.<process>. An exec'd program finds that name taken and writes NAME.<process>.2, and so on.
// - no file descriptor stays open: programs close, count and reuse descriptors.
// - within a lane stamps rise, because a stamp is taken under the lane's lock.
// - it never allocates, and never changes errno.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raw_format.hpp"

namespace shunt::trace::recorder {

// Appends one record. Does nothing when SHUNT_RECORD_FILE is not set, before the C library has the
// environment, or after recording stopped (disk full, file out of reach: FileHeader::stopped_errno says
// which). Thread-safe; waits only for threads of the same lane. Must not be re-entered: see Guard.
void append(raw::Operation operation, const void* address, std::size_t bytes, unsigned alignment_log2);

// True while this thread is inside an interposed function. What is called meanwhile (an allocator that serves
// one of its functions by another, a signal handler, the recorder itself) must go through unrecorded.
class Guard {
 public:
  Guard() : outermost_(!inside_) { inside_ = true; }
  ~Guard() {
    if (outermost_) inside_ = false;
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  bool outermost() const { return outermost_; }

 private:
  static __thread bool inside_;
  bool outermost_;
};

}  // namespace shunt::trace::recorder
