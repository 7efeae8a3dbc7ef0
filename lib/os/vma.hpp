// What the kernel says about the mappings of this process: VMAs, their count, their limit.
//
// A VmaReader holds /proc/self/maps open and asks with PROCMAP_QUERY (6.11) where a query about its own
// buffer comes back right, else it reads the text. No malloc, no stdio. The answer is a snapshot: other
// threads may map meanwhile. The descriptor speaks of the process that opened it: in a child of fork open a
// new one (fork_guard.hpp). The [vsyscall] line is no VMA and is never counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/metadata_memory.hpp"
#include "os/procmap_query.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

// Not thread-safe: one reader, one thread.
class VmaReader {
 public:
  enum class Method : std::uint8_t { Query, Text };

  // Errors: the kernel's for opening /proc/self/maps (no /proc: ENOENT) or mapping the 64 KiB text buffer.
  static Result<VmaReader> open(const SystemCalls&);
  // Text even where the query works: what the tests and the measurement compare with.
  static Result<VmaReader> open_text(const SystemCalls&);

  // The VMA that covers `address` or, when none does, the next above it; nothing when there is none.
  // Query: one call, about 0.5 us. Text: O(VMAs below the address), about 0.3 us each.
  Result<std::optional<Vma>> at_or_after(Address address);
  // VMAs of the process, always from the text. O(VMAs): 0.3 ms for 1,000, some 20 ms and more for 60,000.
  Result<std::size_t> count();
  // VMAs that overlap the range, also when only in part. Query: O(VMAs in the range). Text: O(VMAs below its
  // end).
  Result<std::size_t> count_in(AddressRange range);

  Method method() const { return method_; }

 private:
  static Result<VmaReader> open_with(const SystemCalls&, Method);
  bool query_tells_the_truth();
  // Calls visit(vma) for the VMAs that end after `first`, ascending, until it returns false.
  template <class Visit>
  Result<void> visit_from(Address first, Visit);
  template <class Visit>
  Result<void> visit_queries(Address first, Visit);
  template <class Visit>
  Result<void> visit_lines(Address first, Visit);

  SystemCalls kernel_{};
  Descriptor maps_{};
  MetadataMemory buffer_{};
  Method method_ = Method::Text;
};

// Opens a reader, counts, closes it.
Result<std::size_t> count_vmas(const SystemCalls&);

// vm.max_map_count: the most VMAs a process may have.
Result<std::size_t> vma_limit(const SystemCalls&);

// vm.overcommit_memory.
enum class Overcommit : std::uint8_t { Heuristic = 0, Always = 1, Never = 2 };
Result<Overcommit> overcommit_mode(const SystemCalls&);

}  // namespace shunt::os
