// What the compactor needs from whoever owns the objects: visiting references, and for deep verification,
// objects.
//
// Callbacks as plain function pointers with a context, so that no layer needs RTTI or allocation. They are
// called with the mutators stopped, by one thread, and must not allocate from the heap that is being
// compacted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "plan/forwarding.hpp"

namespace shunt {

// Given to the embedder once all objects are at their new places. The embedder calls fix() for every slot
// that may name an object: roots, and references in live objects. An object that has moved is found at
// forward(old address).
class SlotFixer {
 public:
  explicit SlotFixer(const ForwardingTable& forwarding) : forwarding_(forwarding) {}

  // Interior addresses and addresses outside the heap are welcome; the latter stay as they are. O(1).
  void fix(Address& slot) {
    slot = forwarding_.forward(slot);
    ++fixed_;
  }
  Address forward(Address old) const { return forwarding_.forward(old); }
  std::uint64_t fixed() const { return fixed_; }

 private:
  const ForwardingTable& forwarding_;
  std::uint64_t fixed_ = 0;
};

// Receives every live object, before anything moves.
class ObjectVisitor {
 public:
  virtual void visit(Address start, std::size_t bytes) = 0;

 protected:
  ~ObjectVisitor() = default;
};

struct Embedder {
  void* context = nullptr;
  // Calls fixer.fix() for every slot. Not called by a compaction that moved nothing.
  void (*fix_slots)(void* context, SlotFixer& fixer) = nullptr;
  // Calls visitor.visit() for every live object at its address as the embedder knows it now, in an order that
  // is the same at every call. Only for deep verification; may be null.
  void (*visit_objects)(void* context, ObjectVisitor& visitor) = nullptr;
};

}  // namespace shunt
