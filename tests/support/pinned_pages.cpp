// io_uring by raw system calls: set-up, registration, one read.
#include "support/pinned_pages.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

namespace shunt::testing {
namespace {

constexpr std::size_t mapped_bytes = 4 * page_bytes;
io_uring_params parameters_of_the_ring;  // offsets, the same for every ring of one entry

unsigned* field(unsigned char* rings, unsigned offset) { return reinterpret_cast<unsigned*>(rings + offset); }

}  // namespace

PinnedPages::PinnedPages(AddressRange range) : range_(range) {
  parameters_of_the_ring = {};
  ring_ = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters_of_the_ring));
  if (ring_ < 0) return;
  const iovec buffer{pointer_to(range.start), range.bytes};
  pinned_ = ::syscall(SYS_io_uring_register, ring_, IORING_REGISTER_BUFFERS, &buffer, 1) == 0;
}

PinnedPages::~PinnedPages() {
  if (rings_ != nullptr) ::munmap(rings_, mapped_bytes);
  if (submissions_ != nullptr) ::munmap(submissions_, page_bytes);
  if (pinned_) ::syscall(SYS_io_uring_register, ring_, IORING_UNREGISTER_BUFFERS, nullptr, 0);
  if (ring_ >= 0) ::close(ring_);
}

bool PinnedPages::kernel_writes(std::size_t offset, char byte) {
  const io_uring_params& p = parameters_of_the_ring;
  if (rings_ == nullptr) {
    void* rings =
        ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring_, IORING_OFF_SQ_RING);
    void* entries = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring_, IORING_OFF_SQES);
    if (rings == MAP_FAILED || entries == MAP_FAILED) return false;
    rings_ = static_cast<unsigned char*>(rings);
    submissions_ = entries;
  }
  int ends[2];
  if (::pipe(ends) != 0 || ::write(ends[1], &byte, 1) != 1) return false;
  auto& entry = *static_cast<io_uring_sqe*>(submissions_);
  entry = {};
  entry.opcode = IORING_OP_READ_FIXED;
  entry.fd = ends[0];
  entry.addr = value(range_.start) + offset;  // names the place in the registered buffer, not a mapping
  entry.len = 1;
  field(rings_, p.sq_off.array)[0] = 0;
  // release: pairs with the kernel's acquire of the tail
  std::atomic_ref<unsigned>(*field(rings_, p.sq_off.tail)).fetch_add(1, std::memory_order_release);
  const long submitted = ::syscall(SYS_io_uring_enter, ring_, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
  std::atomic_ref<unsigned> head(*field(rings_, p.cq_off.head));
  const unsigned at = head.load(std::memory_order_relaxed) & *field(rings_, p.cq_off.ring_mask);
  const int result = reinterpret_cast<io_uring_cqe*>(rings_ + p.cq_off.cqes)[at].res;
  head.fetch_add(1, std::memory_order_release);  // release: pairs with the kernel's acquire of the head
  ::close(ends[0]);
  ::close(ends[1]);
  return submitted == 1 && result == 1;
}

}  // namespace shunt::testing
