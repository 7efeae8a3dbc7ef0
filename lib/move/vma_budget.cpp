// Counts VMAs pessimistically, and recounts from the kernel when that says they are spent.
#include "move/vma_budget.hpp"

#include <algorithm>

#include "os/vma.hpp"

namespace shunt {
namespace {

// What Linux allows by default where /proc does not say.
constexpr std::size_t default_limit = 65'530;
constexpr std::size_t default_in_use = 1'000;
// To look at one VMA costs about a quarter of what the cheapest run does.
constexpr std::size_t vmas_a_run = 4;

}  // namespace

void VmaBudget::open(const os::SystemCalls& kernel, AddressRange reservation, std::size_t allowed) {
  kernel_ = kernel;
  reservation_ = reservation;
  const Result<std::size_t> limit = os::vma_limit(kernel);
  const Result<std::size_t> in_use = os::count_vmas(kernel);
  const std::size_t most = limit ? limit.value() : default_limit;
  const std::size_t now = in_use ? in_use.value() : default_in_use;
  const std::size_t free = most > now ? most - now : 0;
  allowed_ = allowed != 0 ? std::min(allowed, free) : free / 2;
  used_ = 1;
  recount();
}

bool VmaBudget::take(std::size_t count) {
  ++runs_since_recount_;
  if (used_ + count > allowed_) recount_if_due();
  if (used_ + count > allowed_) return false;
  used_ += count;
  return true;
}

void VmaBudget::recount_if_due() {
  if (runs_since_recount_ >= counted_ / vmas_a_run) recount();
}

void VmaBudget::recount() {
  runs_since_recount_ = 0;
  Result<os::VmaReader> reader = os::VmaReader::open(kernel_);
  if (!reader) return;
  const Result<std::size_t> count = reader.value().count_in(reservation_);
  if (count) used_ = counted_ = count.value();
}

}  // namespace shunt
