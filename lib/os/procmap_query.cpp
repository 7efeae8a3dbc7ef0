// PROCMAP_QUERY by the kernel's own numbers, which Debian 12's headers lack.
#include "os/procmap_query.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cstdint>

namespace shunt::os {
namespace {

// The fields that Shunt does not ask for stay 0: no name, no build id.
struct ProcmapQuery {
  std::uint64_t size;
  std::uint64_t query_flags;
  std::uint64_t query_address;
  std::uint64_t vma_start;
  std::uint64_t vma_end;
  std::uint64_t vma_flags;
  std::uint64_t vma_page_size;
  std::uint64_t vma_offset;
  std::uint64_t inode;
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint32_t vma_name_size;
  std::uint32_t build_id_size;
  std::uint64_t vma_name_address;
  std::uint64_t build_id_address;
};
static_assert(sizeof(ProcmapQuery) == 104);

constexpr std::uint64_t covering_or_next = 0x10;
constexpr unsigned long procmap_query = _IOWR('f', 17, ProcmapQuery);

}  // namespace

long query_vma(const SystemCalls& kernel, int maps, Address address, Vma& found) {
  ProcmapQuery request{};
  request.size = sizeof request;
  request.query_flags = covering_or_next;
  request.query_address = value(address);
  const long answer = kernel(SYS_ioctl, maps, procmap_query, &request);
  if (failed(answer)) return answer;
  found.range = {Address{request.vma_start}, request.vma_end - request.vma_start};
  found.readable = (request.vma_flags & 1) != 0;
  found.writable = (request.vma_flags & 2) != 0;
  found.executable = (request.vma_flags & 4) != 0;
  found.shared = (request.vma_flags & 8) != 0;
  return 0;
}

}  // namespace shunt::os
