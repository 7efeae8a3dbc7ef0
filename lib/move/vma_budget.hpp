// How many VMAs a remapping engine may still make.
//
// vm.max_map_count bounds the VMAs of the whole process, and mremap can add two a call. The budget is a share
// of what is free when the heap opens; it is counted pessimistically by itself and corrected from the kernel
// when the count says that it is spent, so that its price stays small: each recount at least halves what is
// left to spend. Not thread-safe: it belongs to the one thread that moves. Source: mremap(2),
// vm.max_map_count in proc(5).
#pragma once

#include <cstddef>

#include "base/address.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class VmaBudget {
 public:
  VmaBudget() = default;
  // `allowed`: VMAs that the reservation may consist of. 0: half of what vm.max_map_count leaves free now.
  void open(const os::SystemCalls&, AddressRange reservation, std::size_t allowed);

  // Takes `count` from the budget. False: the reservation consists of too many VMAs.
  bool take(std::size_t count);
  // Counts what the reservation really consists of. O(VMAs).
  void recount();
  // The same, if enough has happened since to pay for it: amortized O(1).
  void recount_if_due();
  // Runs that were copied because the budget is spent: they, too, bring the next recount nearer.
  void add_runs(std::size_t runs) { runs_since_recount_ += runs; }
  // The kernel said ENOMEM: whatever the count says, there is no more for now.
  void spend_all() { used_ = allowed_; }

  std::size_t allowed() const { return allowed_; }
  std::size_t used() const { return used_; }
  std::size_t left() const { return allowed_ > used_ ? allowed_ - used_ : 0; }

 private:
  os::SystemCalls kernel_{};
  AddressRange reservation_{};
  std::size_t allowed_ = 0;
  std::size_t used_ = 0;
  std::size_t counted_ = 0;  // by the kernel, at the last recount
  std::size_t runs_since_recount_ = 0;
};

}  // namespace shunt
