// Pages that would have been written, and bytes that would live, after every event.
#include "fragmentation.hpp"

#include "failure.hpp"
#include "reallocation.hpp"

namespace shunt::demo {
namespace {

RegionSpace open_space(const HeapGeometry& geometry) {
  Result<RegionSpace> space = RegionSpace::open(os::SystemCalls::real(), geometry);
  if (!space) throw Failure(text_of(space.error()));
  return space.take();
}

}  // namespace

FragmentationMeter::FragmentationMeter(const HeapGeometry& geometry)
    : space_(open_space(geometry)), allocator_(space_), mutator_(allocator_) {}

bool FragmentationMeter::apply(const trace::Event& event) {
  Object object{Address::null, event.bytes, event.alignment};
  if (event.kind == trace::EventKind::allocate) {
    if (!place(object)) return false;
    objects_.push_back(object);
  } else if (event.kind == trace::EventKind::free) {
    remove(objects_[event.object]);
  } else {
    Object& old = objects_[event.object];
    if (stays_in_place(space_.geometry(), old.size, old.alignment, event.bytes, event.alignment)) {
      old.size = event.bytes;
      touch({old.address, old.size});
    } else {
      if (!place(object)) return false;
      remove(old);
      old = object;
    }
  }
  ++events_;
  return true;
}

bool FragmentationMeter::place(Object& object) {
  const Allocation allocation = mutator_.allocate(object.size, object.alignment);
  if (!allocation) return false;
  object.address = allocation.address;
  live_bytes_ += classify(space_.geometry(), object.size, object.alignment).bytes;
  touch({object.address, object.size});
  return true;
}

// As Heap::release(): a region in which nothing lives any more gives its memory back at once.
void FragmentationMeter::remove(const Object& object) {
  live_bytes_ -= classify(space_.geometry(), object.size, object.alignment).bytes;
  if (!allocator_.release(object.address, object.size, object.alignment)) return;
  const RegionIndex head = space_.head_of(space_.geometry().region_of(object.address));
  const std::uint32_t span = space_.region_span(head);
  if (!space_.quarantine_if_empty(head)) return;
  forget({space_.geometry().start_of(head), std::size_t{span} << space_.geometry().region_shift});
  space_.release(head);
}

void FragmentationMeter::touch(AddressRange range) {
  if (range.bytes == 0) return;
  const std::size_t first = value(space_.geometry().page_of(range.start));
  const std::size_t last = value(space_.geometry().page_of(range.end() - 1));
  if (last >= touched_.size()) touched_.resize(last + last / 2 + 1);
  for (std::size_t page = first; page <= last; ++page) {
    resident_pages_ += !touched_[page];
    touched_[page] = true;
  }
}

void FragmentationMeter::forget(AddressRange range) {
  const std::size_t first = value(space_.geometry().page_of(range.start));
  const std::size_t end = std::min(first + range.bytes / page_bytes, touched_.size());
  for (std::size_t page = first; page < end; ++page) {
    resident_pages_ -= touched_[page];
    touched_[page] = false;
  }
}

}  // namespace shunt::demo
