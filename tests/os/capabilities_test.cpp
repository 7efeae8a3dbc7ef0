// The probe comes to the right verdict and engine on this kernel and on kernels that refuse, or lie about,
// any of it.
#include "os/capabilities.hpp"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>
#include <string>

#include "os/memory.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

constexpr long userfaultfd_move = 0xC028AA05;  // _IOWR(0xAA, 5, five 64-bit words)
constexpr int remap_flags = 3;                 // argument of mremap

bool is_move(const SimulatedKernel::Request& r) {
  return r.number == SYS_ioctl && r.arguments[1] == userfaultfd_move;
}

// Older than 6.8: userfaultfd is there, MOVE is not.
void take_userfaultfd_away(SimulatedKernel& kernel, int code) { kernel.refuse(SYS_userfaultfd, code); }

// Does what the relocate-anon RFC promises: the pages arrive in memory that merges with its neighbours.
std::optional<long> relocate(const SimulatedKernel::Request& r) {
  if (r.number != SYS_mremap || (r.arguments[remap_flags] & 8) == 0) return std::nullopt;
  const auto from = static_cast<std::uintptr_t>(r.arguments[0]);
  const auto to = static_cast<std::uintptr_t>(r.arguments[4]);
  const auto bytes = static_cast<std::size_t>(r.arguments[1]);
  map_anonymous(SystemCalls::real(), Address{to}, bytes, Access::ReadWrite, true);
  advise_huge_pages(SystemCalls::real(), {Address{to}, bytes}, false);
  std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes);
  const bool keeps_source = (r.arguments[remap_flags] & static_cast<long>(remap_keep_source)) != 0;
  if (keeps_source) {
    drop_pages(SystemCalls::real(), {Address{from}, bytes});
  } else {
    unmap(SystemCalls::real(), {Address{from}, bytes});
  }
  return static_cast<long>(to);
}

std::string summary(const Capabilities& found) {
  std::string text;
  for (std::size_t i = 0; i < capability_count; ++i) {
    const CapabilityOutcome& o = found.outcomes[i];
    text += std::string(capability_name(Capability(i))) + ": " + capability_state_name(o.state) + " " +
            errno_name(o.code) + " " + o.seen + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("on the running kernel every capability is tried, and each verdict says what was seen") {
  const Capabilities found = probe_capabilities(SystemCalls::real());
  INFO(summary(found));
  for (const CapabilityOutcome& outcome : found.outcomes) {
    CHECK(outcome.state != CapabilityState::NotTried);
    CHECK(outcome.state != CapabilityState::Misbehaves);
    CHECK(std::string(outcome.seen) != "");
  }
  CHECK(found.works(Capability::SmallPages));
  CHECK(found.works(Capability::RemapFixed));
  CHECK(found.release.major >= 4);
}

TEST_CASE("the probe for movers alone leaves out the two slow ones and agrees on the engine") {
  const Capabilities all = probe_capabilities(SystemCalls::real());
  const Capabilities movers = probe_capabilities(SystemCalls::real(), ProbeScope::Movers);
  CHECK(movers[Capability::Collapse].state == CapabilityState::NotTried);
  CHECK(movers[Capability::HugePages].state == CapabilityState::NotTried);
  CHECK(movers.best_engine() == all.best_engine());
}

TEST_CASE("where userfaultfd is refused as in Docker, the engine is remap") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found[Capability::UserfaultfdOpens].state == CapabilityState::Refused);
  CHECK(found[Capability::UserfaultfdOpens].code == EPERM);
  CHECK(found[Capability::UserfaultfdMove].state == CapabilityState::Refused);
  CHECK_FALSE(found.supports(EngineKind::Relocate));
  SHUNT_NEEDS(found.works(Capability::RemapKeepSource), "MREMAP_DONTUNMAP");
  CHECK(found.best_engine() == EngineKind::Remap);
}

TEST_CASE("where userfaultfd and DONTUNMAP are missing as in gVisor, the engine is copy") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, ENOSYS);
  kernel.refuse_bits(SYS_mremap, remap_flags, 4, EINVAL);
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found[Capability::UserfaultfdOpens].code == ENOSYS);
  CHECK(found[Capability::RemapKeepSource].state == CapabilityState::Refused);
  CHECK(found[Capability::RemapKeepSource].code == EINVAL);
  CHECK(found[Capability::RemapManyKeepSource].code == EINVAL);
  CHECK(found.works(Capability::RemapFixed));
  CHECK(found.best_engine() == EngineKind::Copy);
}

TEST_CASE("without DONTUNMAP but with UFFDIO_MOVE the engine stays relocate") {
  SimulatedKernel kernel;
  kernel.refuse_bits(SYS_mremap, remap_flags, 4, EINVAL);
  const Capabilities found = probe_capabilities(kernel.calls());
  SHUNT_NEEDS(found.works(Capability::UserfaultfdMove), "UFFDIO_MOVE");
  CHECK(found.best_engine() == EngineKind::Relocate);
  CHECK_FALSE(found.supports(EngineKind::Remap));
}

TEST_CASE(
    "multi-VMA mremap refused with EFAULT, the destination unmapped as 6.1 does, leaves single-VMA remap") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (r.number != SYS_mremap || r.arguments[1] <= static_cast<long>(page_bytes)) return std::nullopt;
    unmap(SystemCalls::real(),
          {Address{static_cast<std::uintptr_t>(r.arguments[4])}, std::size_t(r.arguments[2])});
    return -EFAULT;
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found[Capability::RemapManyVmas].code == EFAULT);
  CHECK(found[Capability::RemapManyKeepSource].state == CapabilityState::Refused);
  SHUNT_NEEDS(found.works(Capability::RemapKeepSource), "MREMAP_DONTUNMAP");
  CHECK(found.best_engine() == EngineKind::Remap);
}

TEST_CASE(
    "a kernel that accepts the relocate flags and does not relocate is found out by the missing merge") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (r.number != SYS_mremap || (r.arguments[remap_flags] & 24) == 0) return std::nullopt;
    const long plain[6] = {r.arguments[0],        r.arguments[1], r.arguments[2],
                           r.arguments[3] & ~24L, r.arguments[4], 0};
    return SimulatedKernel::Request{r.number, plain}.really();
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found[Capability::RelocateAnonymous].state == CapabilityState::Misbehaves);
  CHECK(found.relocate_flags == 0);
  CHECK_FALSE(found.supports(EngineKind::Relocate));
}

TEST_CASE("a simulated kernel with relocate-anon is recognized by the merge, in its strict form first") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.rule(relocate);
  const Capabilities found = probe_capabilities(kernel.calls());
  INFO(summary(found));
  CHECK(found.works(Capability::RelocateAnonymous));
  CHECK(found.relocate_flags == 24);
  CHECK(found.best_engine() == EngineKind::Relocate);
}

TEST_CASE(
    "a simulated kernel that relocates but refuses to keep the source is not used: its source would be a "
    "hole") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.refuse_bits(SYS_mremap, remap_flags, remap_keep_source, EINVAL).rule(relocate);
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found.relocate_flags == 0);
  CHECK(found.best_engine() == EngineKind::Copy);
}

TEST_CASE("where merging moves are a use-after-free in the kernel, nothing is remapped") {
  Capabilities found = probe_capabilities(SystemCalls::real());
  found.dontunmap_merge_is_unsafe = true;
  CHECK_FALSE(found.supports(EngineKind::Remap));
  found[Capability::UserfaultfdMove].state = CapabilityState::Refused;
  found[Capability::RelocateAnonymous].state = CapabilityState::Works;
  CHECK(found.best_engine() == EngineKind::Copy);
}

TEST_CASE("a simulated kernel that knows only flag 8 is used with flag 8") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.refuse_bits(SYS_mremap, remap_flags, 16, EINVAL).rule(relocate);
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found.works(Capability::RelocateAnonymous));
  CHECK(found.relocate_flags == 8);
}

TEST_CASE("a kernel that answers success to every move and moves nothing gets the copy engine") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (is_move(r)) return 0;
    return r.number == SYS_mremap ? std::optional<long>(r.arguments[4]) : std::nullopt;
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  INFO(summary(found));
  for (const Capability c :
       {Capability::RelocateAnonymous, Capability::RemapFixed, Capability::RemapKeepSource,
        Capability::RemapManyVmas, Capability::RemapManyKeepSource}) {
    CHECK(found[c].state == CapabilityState::Misbehaves);
  }
  CHECK_FALSE(found.works(Capability::UserfaultfdMove));
  CHECK(found.best_engine() == EngineKind::Copy);
}

TEST_CASE("UFFDIO_MOVE that copies and leaves the source in place is no move") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (!is_move(r)) return std::nullopt;
    const auto* words = reinterpret_cast<const std::uint64_t*>(r.arguments[2]);
    std::memcpy(reinterpret_cast<void*>(words[0]), reinterpret_cast<const void*>(words[1]), words[2]);
    return 0;
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  SHUNT_NEEDS(found.works(Capability::UserfaultfdOpens), "userfaultfd");
  CHECK(found[Capability::UserfaultfdMove].state == CapabilityState::Misbehaves);
}

TEST_CASE("DONTUNMAP that is accepted and unmaps the source all the same is found out") {
  SimulatedKernel kernel;
  take_userfaultfd_away(kernel, EPERM);
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (r.number != SYS_mremap || (r.arguments[remap_flags] & 4) == 0) return std::nullopt;
    const long plain[6] = {r.arguments[0],       r.arguments[1], r.arguments[2],
                           r.arguments[3] & ~4L, r.arguments[4], 0};
    return SimulatedKernel::Request{r.number, plain}.really();
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK(found[Capability::RemapKeepSource].state == CapabilityState::Misbehaves);
  CHECK(found.best_engine() == EngineKind::Copy);
}

TEST_CASE("DONTUNMAP that leaves memory at the source is found out, zeroed or not") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (r.number != SYS_mremap || (r.arguments[remap_flags] & 4) == 0 ||
        r.arguments[1] != static_cast<long>(page_bytes)) {
      return std::nullopt;
    }
    auto* const from = reinterpret_cast<void*>(r.arguments[0]);
    std::memcpy(reinterpret_cast<void*>(r.arguments[4]), from, page_bytes);
    std::memset(from, 0, page_bytes);
    return r.arguments[4];
  });
  CHECK(probe_capabilities(kernel.calls())[Capability::RemapKeepSource].state == CapabilityState::Misbehaves);
}

TEST_CASE("advice that is accepted and does nothing is found out, each by its own effect") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    return r.number == SYS_madvise ? std::optional<long>(0) : std::nullopt;
  });
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    return r.number == SYS_process_madvise ? std::optional<long>(2 * static_cast<long>(page_bytes))
                                           : std::nullopt;
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  INFO(summary(found));
  CHECK(found[Capability::PopulateWrite].state == CapabilityState::Misbehaves);
  CHECK(found[Capability::WipeOnFork].state == CapabilityState::Misbehaves);
  CHECK(found[Capability::Collapse].state == CapabilityState::Misbehaves);
  CHECK_FALSE(found.works(Capability::ProcessMadvise));
}

TEST_CASE("without /proc the readers are refused and the movers are still found") {
  SimulatedKernel kernel;
  kernel.refuse(SYS_openat, ENOENT);
  const Capabilities bare = probe_capabilities(kernel.calls());
  const Capabilities full = probe_capabilities(SystemCalls::real());
  CHECK(bare[Capability::VmaQuery].code == ENOENT);
  CHECK(bare[Capability::PageScan].code == ENOENT);
  CHECK_FALSE(bare.works(Capability::RelocateAnonymous));
  CHECK(bare.works(Capability::UserfaultfdMove) == full.works(Capability::UserfaultfdMove));
  CHECK(bare.works(Capability::RemapKeepSource) == full.works(Capability::RemapKeepSource));
}

TEST_CASE("without the two /proc ioctls the readers fall back and the movers are still found") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    const bool proc = r.number == SYS_ioctl && ((r.arguments[1] >> 8) & 0xFF) == 'f';
    return proc ? std::optional<long>(-ENOTTY) : std::nullopt;
  });
  const Capabilities old = probe_capabilities(kernel.calls());
  const Capabilities full = probe_capabilities(SystemCalls::real());
  CHECK(old[Capability::VmaQuery].code == ENOTTY);
  CHECK(old[Capability::PageScan].code == ENOTTY);
  CHECK(old.best_engine() == full.best_engine());
  CHECK(old.works(Capability::WipeOnFork) == full.works(Capability::WipeOnFork));
  CHECK(old.works(Capability::HugePages) == full.works(Capability::HugePages));
}

TEST_CASE("on larger base pages nothing but copy is offered") {
  SimulatedKernel kernel;
  kernel.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    const bool off_border = r.number == SYS_mincore && r.arguments[0] % 65536 != 0;
    return off_border ? std::optional<long>(-EINVAL) : std::nullopt;
  });
  const Capabilities found = probe_capabilities(kernel.calls());
  CHECK_FALSE(found.works(Capability::SmallPages));
  CHECK(found.best_engine() == EngineKind::Copy);
  CHECK(found.engine_for(EngineKind::Relocate) == EngineKind::Copy);
}

TEST_CASE("a wanted engine is given where it is supported and replaced by the best where it is not") {
  Capabilities found;
  found.dontunmap_merge_is_unsafe = false;
  found[Capability::SmallPages].state = CapabilityState::Works;
  CHECK(found.engine_for(EngineKind::Remap) == EngineKind::Copy);
  found[Capability::RemapKeepSource].state = CapabilityState::Works;
  CHECK(found.engine_for(EngineKind::Relocate) == EngineKind::Remap);
  CHECK(found.engine_for(EngineKind::Copy) == EngineKind::Copy);
  found[Capability::UserfaultfdMove].state = CapabilityState::Works;
  CHECK(found.best_engine() == EngineKind::Relocate);
  CHECK(found.engine_for(EngineKind::Remap) == EngineKind::Remap);
}

TEST_CASE("releases with the use-after-free in merging DONTUNMAP moves are named, and no others") {
  CHECK_FALSE(dontunmap_merge_is_unsafe(parse_release("6.15.11")));
  CHECK(dontunmap_merge_is_unsafe(parse_release("6.16.0-rc3")));
  CHECK(dontunmap_merge_is_unsafe(parse_release("6.17.13-generic")));
  CHECK(dontunmap_merge_is_unsafe(parse_release("6.18")));
  CHECK(dontunmap_merge_is_unsafe(parse_release("6.18.6")));
  CHECK_FALSE(dontunmap_merge_is_unsafe(parse_release("6.18.7")));
  CHECK_FALSE(dontunmap_merge_is_unsafe(parse_release("7.2.1")));
  CHECK(dontunmap_merge_is_unsafe(parse_release("unknown")));
}
