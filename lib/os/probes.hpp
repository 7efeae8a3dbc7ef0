// The probes, one function a capability; capabilities.hpp says what each means and is what others include.
//
// A probe tries its capability on pages of its own and says what it saw. Each stands alone, leaves nothing
// behind, and treats the kernel as one that may refuse or lie at any call.
#pragma once

#include "os/capabilities.hpp"
#include "os/descriptor.hpp"
#include "os/page_residency.hpp"
#include "os/vma.hpp"

namespace shunt::os {

struct ProbeContext {
  SystemCalls kernel;
  VmaReader* vmas;  // null where /proc/self/maps cannot be read
  const PageReader* pages;
};

constexpr CapabilityOutcome works(const char* seen) { return {CapabilityState::Works, 0, seen}; }
constexpr CapabilityOutcome refused(int code, const char* seen) {
  return {CapabilityState::Refused, code, seen};
}
constexpr CapabilityOutcome misbehaves(const char* seen) { return {CapabilityState::Misbehaves, 0, seen}; }
inline CapabilityOutcome no_scratch(const Error& error) {
  return refused(error.code, "no pages to try it on");
}
// A page that cannot be proved to be the scratch's own after the attempt is lost: better not to attempt it.
inline CapabilityOutcome no_proof() {
  return refused(0, "futex is refused, so no page can be proved our own");
}

// probe_readers.cpp
CapabilityOutcome probe_small_pages(const ProbeContext&);
CapabilityOutcome probe_vma_query(const ProbeContext&);
CapabilityOutcome probe_page_scan(const ProbeContext&);

// probe_userfaultfd.cpp
CapabilityOutcome probe_userfaultfd_opens(const ProbeContext&, Descriptor& opened);
CapabilityOutcome probe_userfaultfd_move(const ProbeContext&, int descriptor);

// probe_relocate.cpp. `flags` gets the mremap flags that relocate, or 0.
CapabilityOutcome probe_relocate_anonymous(const ProbeContext&, unsigned& flags);

// probe_remap.cpp
CapabilityOutcome probe_remap(const ProbeContext&, bool keep_source);
CapabilityOutcome probe_remap_many(const ProbeContext&, bool keep_source);

// probe_advice.cpp
CapabilityOutcome probe_populate_write(const ProbeContext&);
CapabilityOutcome probe_wipe_on_fork(const ProbeContext&);
CapabilityOutcome probe_process_madvise(const ProbeContext&);

// probe_huge_pages.cpp
CapabilityOutcome probe_huge_pages(const ProbeContext&);
CapabilityOutcome probe_collapse(const ProbeContext&);

}  // namespace shunt::os
