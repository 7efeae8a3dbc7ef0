// Half the work through the running kernel, then the answer.
#include "support/partial_calls.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "os/vma.hpp"

namespace shunt::testing {
namespace {

void unmap_destination(const KernelCall& call, std::size_t from_byte) {
  const auto total = static_cast<std::size_t>(call.arguments[2]);
  if (from_byte < total) ::munmap(reinterpret_cast<char*>(call.arguments[4]) + from_byte, total - from_byte);
}

// Bytes of the source up to the end of the first half of its VMAs; 0 when one VMA covers all of it.
std::size_t bytes_of_half_the_vmas(const KernelCall& call) {
  const AddressRange source{Address{static_cast<std::uintptr_t>(call.arguments[0])},
                            static_cast<std::size_t>(call.arguments[1])};
  Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
  if (!reader) return 0;
  std::vector<Address> ends;
  for (Address at = source.start; at < source.end();) {
    const Result<std::optional<os::Vma>> vma = reader.value().at_or_after(at);
    if (!vma || !vma.value() || vma.value()->range.start >= source.end()) break;
    at = vma.value()->range.end();
    ends.push_back(std::min(at, source.end()));
  }
  return ends.size() < 2 ? 0 : ends[(ends.size() - 1) / 2] - source.start;
}

}  // namespace

FaultyKernel::Act remap_of_some_vmas(int code, bool unmaps_rest) {
  return [=](const KernelCall& call) {
    return partial_remap(bytes_of_half_the_vmas(call), code, unmaps_rest)(call);
  };
}

FaultyKernel::Act remap_that_unmaps(int code) {
  return [code](const KernelCall& call) {
    unmap_destination(call, 0);
    return -long{code};
  };
}

FaultyKernel::Act half_advice(int code) {
  return [code](const KernelCall& call) {
    KernelCall part = call;
    part.arguments[1] =
        static_cast<long>(align_down(static_cast<std::size_t>(call.arguments[1]) / 2, page_bytes));
    if (part.arguments[1] != 0) real_call(part);
    return -long{code};
  };
}

FaultyKernel::Act done_but_fails(int code) {
  return [code](const KernelCall& call) {
    real_call(call);
    return -long{code};
  };
}

FaultyKernel::Act short_read() {
  return [](const KernelCall& call) {
    KernelCall part = call;
    part.arguments[2] = std::max<long>(8, call.arguments[2] / 2 & ~7L);
    return real_call(part);
  };
}

FaultyKernel::Act short_process_advice() {
  return [](const KernelCall& call) {
    KernelCall part = call;
    part.arguments[2] = std::max<long>(1, call.arguments[2] / 2);
    return real_call(part);
  };
}

}  // namespace shunt::testing
