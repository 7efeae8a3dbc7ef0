// Each event of a history, done to a heap.
#include "replay.hpp"

#include <cstring>

#include "contents.hpp"
#include "failure.hpp"
#include "reallocation.hpp"

namespace shunt::demo {

void Replay::apply(const trace::Event& event) {
  switch (event.kind) {
    case trace::EventKind::allocate:
      return allocate(event);
    case trace::EventKind::reallocate:
      return reallocate(event);
    case trace::EventKind::free:
      return release(event);
  }
}

Handle Replay::make(std::uint64_t bytes, std::uint64_t alignment) {
  const Result<Handle> handle = heap_.allocate(mutator_, bytes, alignment);
  if (!handle) {
    throw Failure("replaying an object of " + std::to_string(bytes) + " bytes: " + text_of(handle.error()));
  }
  return handle.value();
}

void Replay::allocate(const trace::Event& event) {
  const Handle handle = make(event.bytes, event.alignment);
  fill_object(heap_.address_of(handle), 0, event.bytes, event.object);
  handles_.push_back(handle);
  ++live_objects_;
}

void Replay::reallocate(const trace::Event& event) {
  Handle& handle = handles_[event.object];
  const HandleTarget old = *heap_.handles().resolve(handle);
  if (stays_in_place(heap_.geometry(), old.size, old.alignment, event.bytes, event.alignment)) {
    heap_.handles().retarget(handle, {old.address, event.bytes, old.alignment});
    if (event.bytes > old.size) fill_object(old.address, old.size, event.bytes, event.object);
    return;
  }
  const Handle grown = make(event.bytes, event.alignment);
  const Address to = heap_.address_of(grown);
  const std::size_t kept = std::min<std::size_t>(old.size, event.bytes);
  if (kept != 0) std::memcpy(pointer_to(to), pointer_to(old.address), kept);
  if (event.bytes > kept) fill_object(to, kept, event.bytes, event.object);
  heap_.release(handle);
  handle = grown;
}

void Replay::release(const trace::Event& event) {
  heap_.release(handles_[event.object]);
  handles_[event.object] = {};
  --live_objects_;
}

Verification Replay::verify() const {
  Verification found;
  for (std::uint64_t object = 0; object < handles_.size(); ++object) {
    if (handles_[object] == Handle{}) continue;
    ++found.total;
    const std::optional<HandleTarget> target = heap_.handles().resolve(handles_[object]);
    if (!target || !heap_.geometry().contains(target->address)) continue;
    const std::uint64_t digest = digest_of(target->address, target->size);
    found.contents = fold(found.contents, digest);
    const bool aligned = target->alignment == 0 || is_aligned(target->address, target->alignment);
    found.verified += aligned && digest == expected_digest(target->size, object);
  }
  return found;
}

}  // namespace shunt::demo
