// What this kernel, in this sandbox, really does: every capability is tried on scratch pages and its effect
// looked at.
//
// Never inferred from a version or from an accepted flag: a sandbox may refuse what the kernel has, and a
// kernel may accept a flag and ignore it. The probe keeps true: it leaves no VMA, descriptor or memory
// behind, and it touches no mapping that it did not make, also while other threads map and unmap. It goes
// through the given SystemCalls only, so tests can show it a kernel that refuses or lies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/engine_kind.hpp"
#include "os/kernel_release.hpp"
#include "os/system_calls.hpp"

namespace shunt::os {

enum class Capability : std::uint8_t {
  SmallPages,           // base pages of 4 KiB: without them nothing may be moved by page
  UserfaultfdOpens,     // userfaultfd, user mode only, with the MOVE feature
  UserfaultfdMove,      // UFFDIO_MOVE within a WP-only registered reservation, no VMA added
  RelocateAnonymous,    // mremap flag 8: the moved page merges into a faulted neighbour
  RemapFixed,           // mremap MAYMOVE|FIXED of one VMA
  RemapKeepSource,      // the same with DONTUNMAP: the source stays mapped and empty
  RemapManyVmas,        // one mremap over two VMAs
  RemapManyKeepSource,  // and with DONTUNMAP
  PopulateWrite,        // MADV_POPULATE_WRITE
  Collapse,             // MADV_COLLAPSE makes a huge page
  WipeOnFork,           // MADV_WIPEONFORK marks the VMA
  ProcessMadvise,       // process_madvise on oneself over several ranges with any advice
  VmaQuery,             // PROCMAP_QUERY
  PageScan,             // PAGEMAP_SCAN
  HugePages,            // a fault in a MADV_HUGEPAGE block brings a 2 MiB page
};
inline constexpr std::size_t capability_count = 15;

enum class CapabilityState : std::uint8_t {
  NotTried,
  Works,       // the effect was seen
  Refused,     // the kernel or the sandbox said no: `code` says how
  Misbehaves,  // accepted, but the effect was not what it should be: `seen` says what was
};

struct CapabilityOutcome {
  CapabilityState state = CapabilityState::NotTried;
  int code = 0;           // errno when Refused
  const char* seen = "";  // static text
};

struct Capabilities {
  std::array<CapabilityOutcome, capability_count> outcomes{};
  KernelRelease release{};
  // The one property taken from the version (kernel_release.hpp says why).
  bool dontunmap_merge_is_unsafe = true;
  // Flags that make mremap relocate: 8 or 8|16, 0 when neither does.
  unsigned relocate_flags = 0;

  const CapabilityOutcome& operator[](Capability c) const { return outcomes[static_cast<std::size_t>(c)]; }
  CapabilityOutcome& operator[](Capability c) { return outcomes[static_cast<std::size_t>(c)]; }
  bool works(Capability c) const { return (*this)[c].state == CapabilityState::Works; }

  bool supports(EngineKind) const;
  // The first of Relocate, Remap, Copy that is supported.
  EngineKind best_engine() const;
  // `wanted` where it is supported, else the best one (SHUNT_ENGINE and the heap's option ask through this).
  EngineKind engine_for(EngineKind wanted) const;
};

// Short names for people and programs: "uffdio_move" and what it is in a few words.
const char* capability_name(Capability);
const char* capability_meaning(Capability);
const char* capability_state_name(CapabilityState);

// What to spend. Everything is under 2 ms on an idle machine, but MADV_COLLAPSE waits for every CPU to empty
// its page batches and a huge page is zeroed, so on a busy one those two may take many milliseconds. Movers
// leaves these two NotTried and stays under 1 ms.
enum class ProbeScope : std::uint8_t { Everything, Movers };

// Thread-safe. Never fails: what cannot be tried is Refused. Touches at most 2 MiB at a time, maps at most 4
// MiB.
Capabilities probe_capabilities(const SystemCalls&, ProbeScope = ProbeScope::Everything);

}  // namespace shunt::os
