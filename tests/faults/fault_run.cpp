// Faults as rules of a FaultyKernel, and their text.
#include "faults/fault_run.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <stdexcept>

namespace shunt::testing {
namespace {

constexpr std::size_t most_calls = std::size_t{1} << 16;

int code_of(const std::string& name) {
  if (name == "SHORT") return 0;
  for (int code = 1; code < 200; ++code) {
    if (name == os::errno_name(code)) return code;
  }
  throw std::runtime_error("no errno is called " + name);
}

Extent extent_of(const std::string& name) {
  for (const Extent e :
       {Extent::Nothing, Extent::Part, Extent::All, Extent::Unmapped, Extent::PartUnmapped}) {
    if (name == name_of(e)) return e;
  }
  throw std::runtime_error(name + " is none of nothing, part, all, unmapped, part-unmapped");
}

// A sandbox goes by the number. What a file says that does not know a request, or is closed, it says to that
// request.
bool belongs_together(const KernelCall& first, const KernelCall& later, int code) {
  if (first.number != later.number) return false;
  const bool by_request = first.number == SYS_ioctl && (code == ENOTTY || code == EBADF);
  return !by_request || first.arguments[1] == later.arguments[1];
}

Fault parse_fault(const std::string& text) {
  std::istringstream in(text);
  std::string index, code, extent, how;
  std::getline(in, index, ':');
  std::getline(in, code, ':');
  std::getline(in, extent, ':');
  std::getline(in, how);
  if (index.empty() || index.find_first_not_of("0123456789") != index.npos ||
      (how != "once" && how != "from-then-on")) {
    throw std::runtime_error("a fault is written CALL:ERRNO:EXTENT:once or ...:from-then-on, not " + text);
  }
  return {std::stoul(index), {code_of(code), extent_of(extent)}, how == "from-then-on"};
}

}  // namespace

std::string text_of(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) {
    text += (text.empty() ? "" : "+") + std::to_string(fault.index) + ':' +
            (fault.answer.code == 0 ? "SHORT" : os::errno_name(fault.answer.code)) + ':' +
            name_of(fault.answer.extent) + (fault.sticky ? ":from-then-on" : ":once");
  }
  return text;
}

std::vector<Fault> parse_faults(const std::string& text) {
  std::vector<Fault> faults;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, '+');) faults.push_back(parse_fault(one));
  return faults;
}

FaultRun::FaultRun(std::vector<Fault> faults) : faults_(std::move(faults)) {
  std::ranges::sort(faults_, {}, &Fault::index);
  // Room for what is to come: growing later could map memory right into a hole that a call just left.
  calls_.reserve(most_calls);
  kernel_.watch([this](const KernelCall& call, long answer) {
    ledger_.observe(call, answer);
    if (armed_ && calls_.size() < most_calls) calls_.push_back(call);
  });
}

void FaultRun::always(FaultyKernel::Match match, FaultyKernel::Act act) {
  kernel_.replace(match, 0, FaultyKernel::for_ever, act);
  always_.emplace_back(std::move(match), std::move(act));
}

// `before`: faults with a lower index, whose calls this rule does not get to see.
void FaultRun::add_fault(const Fault& fault, std::size_t before) {
  const std::size_t skip = fault.index - before;
  auto match = [seen = std::size_t{0}, first = KernelCall{}, skip, fault](const KernelCall& call) mutable {
    const std::size_t at = seen++;
    if (at == skip) first = call;
    return at == skip || (fault.sticky && at > skip && belongs_together(first, call, fault.answer.code));
  };
  auto act = [this, does = act_of(fault.answer)](const KernelCall& call) {
    was_hit_ = true;
    hit_futex_ = hit_futex_ || call.number == SYS_futex;
    hit_readlink_ = hit_readlink_ || call.number == SYS_readlinkat;
    hit_a_move_ = hit_a_move_ || moves_pages(call);
    return does(call);
  };
  kernel_.replace(match, 0, fault.sticky ? FaultyKernel::for_ever : 1, act);
}

void FaultRun::arm() {
  kernel_.forget_rules();
  for (std::size_t i = 0; i < faults_.size(); ++i) add_fault(faults_[i], i);
  for (const auto& [match, act] : always_) kernel_.replace(match, 0, FaultyKernel::for_ever, act);
  armed_ = true;
}

void FaultRun::disarm() {
  armed_ = false;
  kernel_.forget_rules();
  for (const auto& [match, act] : always_) kernel_.replace(match, 0, FaultyKernel::for_ever, act);
}

std::string FaultRun::what_is_leaked() const {
  constexpr std::size_t pages_of_one_attempt = 4;
  const std::size_t excused_bytes = hit_futex_ ? pages_of_one_attempt * page_bytes : 0;
  const std::size_t excused_descriptors = hit_readlink_ ? 1 : 0;
  const bool excused =
      ledger_.leaked_bytes() <= excused_bytes && ledger_.open_descriptors() <= excused_descriptors;
  return excused ? "" : ledger_.what_is_leaked();
}

}  // namespace shunt::testing
