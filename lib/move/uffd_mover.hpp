// Relocate-anon by UFFDIO_MOVE (Linux 6.8): moves pages inside one VMA and creates none.
//
// The whole reservation is registered once, in write-protect mode and never armed, so ordinary faults cost
// what they always did. Each answer of the kernel is met as docs/kernel.md says: what has moved is resumed
// from, a destination page that was only read is dropped, a page shared after fork is written to and tried
// again, a page that stays busy is pinned and stays. A child of fork reopens its own descriptor before it
// moves anything: the inherited one acts on the parent.
#pragma once

#include "base/result.hpp"
#include "move/mover.hpp"
#include "os/fork_guard.hpp"
#include "os/system_calls.hpp"

namespace shunt {

class UffdMover final : public Mover {
 public:
  explicit UffdMover(const os::SystemCalls& kernel) : kernel_(kernel) {}
  ~UffdMover();
  UffdMover(const UffdMover&) = delete;
  UffdMover& operator=(const UffdMover&) = delete;

  // Opens a descriptor and registers `reservation`. Errors: EPERM in a sandbox, ENOSYS, EINVAL before 6.8.
  Result<void> open(AddressRange reservation);

  MoverKind kind() const override { return MoverKind::RelocateUserfaultfd; }
  void move(const MoveBatch&, MoveReport&) override;

 private:
  enum class Next : std::uint8_t { TryAgain, GiveUp };

  bool is_ours();
  void close();
  void move_span(const MoveSpan&, SpanOutcome&, MoveReport&);
  Next answer(int code, const MoveSpan&, SpanOutcome&, MoveReport&);
  bool shrink_to_vmas(const MoveSpan&, SpanOutcome&, std::size_t& limit);
  Next drop_zero_pages(AddressRange destination, SpanOutcome&, MoveReport&);
  Next unshare(Address source, SpanOutcome&, MoveReport&);

  os::SystemCalls kernel_;
  AddressRange reservation_{};
  os::ForkGuard fork_guard_{};
  int descriptor_ = -1;
  Address last_unshared_ = Address::null;
};

}  // namespace shunt
