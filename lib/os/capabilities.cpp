// Runs every probe once and derives from the outcomes which engines this host supports.
#include "os/capabilities.hpp"

#include "os/probes.hpp"

namespace shunt::os {
namespace {

struct CapabilityText {
  Capability capability;
  const char* name;
  const char* meaning;
};

constexpr CapabilityText texts[] = {
    {Capability::SmallPages, "small_pages", "base pages of 4 KiB"},
    {Capability::UserfaultfdOpens, "userfaultfd", "userfaultfd in user mode, with MOVE"},
    {Capability::UserfaultfdMove, "uffdio_move", "UFFDIO_MOVE, write-protect registration only"},
    {Capability::RelocateAnonymous, "mremap_relocate", "mremap that stays mergeable (relocate-anon)"},
    {Capability::RemapFixed, "mremap_fixed", "mremap of one VMA to a fixed address"},
    {Capability::RemapKeepSource, "mremap_dontunmap", "mremap that keeps the source mapped"},
    {Capability::RemapManyVmas, "mremap_multi", "mremap over several VMAs in one call"},
    {Capability::RemapManyKeepSource, "mremap_multi_dontunmap", "the same, keeping the sources"},
    {Capability::PopulateWrite, "populate_write", "MADV_POPULATE_WRITE"},
    {Capability::Collapse, "collapse", "MADV_COLLAPSE"},
    {Capability::WipeOnFork, "wipe_on_fork", "MADV_WIPEONFORK"},
    {Capability::ProcessMadvise, "process_madvise", "process_madvise on oneself, many ranges"},
    {Capability::VmaQuery, "procmap_query", "PROCMAP_QUERY"},
    {Capability::PageScan, "pagemap_scan", "PAGEMAP_SCAN"},
    {Capability::HugePages, "huge_pages", "a huge page by fault where advised"},
};

constexpr bool texts_follow_the_enum() {
  for (std::size_t i = 0; i < capability_count; ++i) {
    if (texts[i].capability != static_cast<Capability>(i)) return false;
  }
  return sizeof texts / sizeof texts[0] == capability_count;
}
static_assert(texts_follow_the_enum());

void probe_moving(const ProbeContext& context, Capabilities& found) {
  Descriptor userfaultfd;
  found[Capability::UserfaultfdOpens] = probe_userfaultfd_opens(context, userfaultfd);
  found[Capability::UserfaultfdMove] =
      userfaultfd.is_open() ? probe_userfaultfd_move(context, userfaultfd.number())
                            : refused(found[Capability::UserfaultfdOpens].code, "userfaultfd is refused");
  found[Capability::RelocateAnonymous] = probe_relocate_anonymous(context, found.relocate_flags);
  found[Capability::RemapFixed] = probe_remap(context, false);
  found[Capability::RemapKeepSource] = probe_remap(context, true);
  found[Capability::RemapManyVmas] = probe_remap_many(context, false);
  found[Capability::RemapManyKeepSource] = probe_remap_many(context, true);
}

void probe_helpers(const ProbeContext& context, Capabilities& found) {
  found[Capability::VmaQuery] = probe_vma_query(context);
  found[Capability::PageScan] = probe_page_scan(context);
  found[Capability::PopulateWrite] = probe_populate_write(context);
  found[Capability::WipeOnFork] = probe_wipe_on_fork(context);
  found[Capability::ProcessMadvise] = probe_process_madvise(context);
}

void probe_huge(const ProbeContext& context, Capabilities& found) {
  found[Capability::HugePages] = probe_huge_pages(context);
  found[Capability::Collapse] = probe_collapse(context);
}

// Where base pages are larger, 4 KiB scratch pages mean nothing and no mover may run.
void rule_out_all_but_small_pages(Capabilities& found) {
  const CapabilityOutcome verdict = found[Capability::SmallPages];
  for (CapabilityOutcome& outcome : found.outcomes) outcome = refused(0, "base pages of 4 KiB are needed");
  found[Capability::SmallPages] = verdict;
}

}  // namespace

bool Capabilities::supports(EngineKind kind) const {
  if (kind == EngineKind::Copy) return true;
  if (!works(Capability::SmallPages)) return false;
  // Every remap of Shunt's keeps its source and may merge where it lands: what some kernels must not be asked
  // for.
  const bool may_remap = !dontunmap_merge_is_unsafe;
  if (kind == EngineKind::Relocate) {
    return works(Capability::UserfaultfdMove) || (may_remap && works(Capability::RelocateAnonymous));
  }
  return may_remap && works(Capability::RemapKeepSource);
}

EngineKind Capabilities::best_engine() const {
  if (supports(EngineKind::Relocate)) return EngineKind::Relocate;
  return supports(EngineKind::Remap) ? EngineKind::Remap : EngineKind::Copy;
}

EngineKind Capabilities::engine_for(EngineKind wanted) const {
  return supports(wanted) ? wanted : best_engine();
}

const char* capability_name(Capability c) { return texts[static_cast<std::size_t>(c)].name; }
const char* capability_meaning(Capability c) { return texts[static_cast<std::size_t>(c)].meaning; }

const char* capability_state_name(CapabilityState state) {
  switch (state) {
    case CapabilityState::NotTried:
      return "not tried";
    case CapabilityState::Works:
      return "works";
    case CapabilityState::Refused:
      return "refused";
    case CapabilityState::Misbehaves:
      return "misbehaves";
  }
  return "?";
}

Capabilities probe_capabilities(const SystemCalls& kernel, ProbeScope scope) {
  Capabilities found;
  const Result<KernelRelease> release = kernel_release(kernel);
  if (release.ok()) found.release = release.value();
  found.dontunmap_merge_is_unsafe = dontunmap_merge_is_unsafe(found.release);

  found[Capability::SmallPages] = probe_small_pages({kernel, nullptr, nullptr});
  if (!found.works(Capability::SmallPages)) {
    rule_out_all_but_small_pages(found);
    return found;
  }
  Result<VmaReader> vmas = VmaReader::open(kernel);
  const PageReader pages = PageReader::open(kernel);
  const ProbeContext context{kernel, vmas.ok() ? &vmas.value() : nullptr, &pages};
  probe_helpers(context, found);
  probe_moving(context, found);
  if (scope == ProbeScope::Everything) probe_huge(context, found);
  return found;
}

}  // namespace shunt::os
