// The movers that are made of mremap(MREMAP_FIXED | MREMAP_DONTUNMAP): per-VMA (Linux 5.7), multi-VMA (6.17)
// and relocate-anon (the flags of the RFC, in no released kernel yet).
//
// One mechanism, three kinds: they differ in whether a call may cross VMAs and in whether it leaves VMAs
// behind. DONTUNMAP keeps the vacated source mapped and empty, so no other mmap can land there (invariant 4).
// Adjacent spans with the same delta become one call, in address order, so that the kernel merges what they
// leave. On failure the kernel says only an errno: what has moved is found out by asking which pages are
// where, and a destination that the failed call unmapped is mapped again at once. Kernels before 6.17 unmap
// it before they look for VMA borders, so the per-VMA mover asks for borders first. Sources: mremap(2);
// mm/mremap.c of 6.1 and 6.17; "more mergeable mremap via MREMAP_RELOCATE_ANON", linux-mm 2025.
#pragma once

#include "move/mover.hpp"
#include "move/vma_budget.hpp"
#include "move/vma_lookup.hpp"
#include "os/memory.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class RemapMover final : public Mover {
 public:
  // `kind` is RemapSingle, RemapMulti or RelocateMremap. The budget outlives the mover; RelocateMremap does
  // not use it. `relocate_flags` are what the probe saw to work (0 for the other kinds).
  RemapMover(const os::SystemCalls& kernel, MoverKind kind, VmaBudget& budget, unsigned relocate_flags = 0)
      : kernel_(kernel), budget_(budget), flags_(os::remap_keep_source | relocate_flags), kind_(kind) {}

  MoverKind kind() const override { return kind_; }
  void move(const MoveBatch&, MoveReport&) override;

 private:
  struct Stretch;  // adjacent spans with one delta

  void move_stretch(const MoveBatch&, Stretch&, MoveReport&, VmaLookup&);
  Reason move_piece(AddressRange source, Address to, MoveReport&, VmaLookup&);
  std::size_t vmas_made_at_most(AddressRange source, VmaLookup&) const;
  std::size_t bytes_to_try(AddressRange source, VmaLookup&) const;
  std::size_t moved_prefix(AddressRange source, Address to, bool destination_is_whole) const;
  bool restore_reservation(AddressRange destination, VmaLookup&) const;
  Reason reason_of(int code);

  os::SystemCalls kernel_;
  VmaBudget& budget_;
  unsigned flags_;
  MoverKind kind_;
};

}  // namespace shunt
