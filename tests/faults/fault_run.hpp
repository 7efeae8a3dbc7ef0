// One run of a scenario: a kernel that answers the chosen calls wrongly, a ledger of what is held, and the
// first thing that was found wrong.
//
// Calls are counted from arm() on, so a scenario prepares in peace and says where the trouble may begin;
// after disarm() the kernel is the real one again. Not thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "faults/plausible_answers.hpp"
#include "support/call_ledger.hpp"

namespace shunt::testing {

struct Fault {
  std::size_t index = 0;  // of the call, from arm() on
  FaultAnswer answer{};
  bool sticky = false;  // this call and every later one of its number: a sandbox that is switched on midway
};

// "12:EAGAIN:part:once", joined by '+'. What SHUNT_FAULT takes behind the scenario's name.
std::string text_of(const std::vector<Fault>&);
std::vector<Fault> parse_faults(const std::string&);  // throws std::runtime_error that names the form

class FaultRun {
 public:
  explicit FaultRun(std::vector<Fault> faults);
  FaultRun(const FaultRun&) = delete;
  FaultRun& operator=(const FaultRun&) = delete;

  os::SystemCalls gate() { return kernel_.gate(); }
  CallLedger& ledger() { return ledger_; }
  const std::vector<Fault>& faults() const { return faults_; }
  // A rule that holds in the whole run, armed or not: the kernel is an older one.
  void always(FaultyKernel::Match, FaultyKernel::Act);
  void arm();
  bool is_armed() const { return armed_; }
  void disarm();

  const std::vector<KernelCall>& calls() const { return calls_; }  // while armed
  // What a child of fork was asked, for the parent that counts.
  void adopt(std::span<const KernelCall> calls, bool was_hit) {
    calls_.assign(calls.begin(), calls.end());
    was_hit_ = was_hit;
  }
  bool was_hit() const { return was_hit_; }  // a fault met its call
  // What the library holds and should not. Without futex a probe cannot prove that pages are its own and
  // leaves the few of the attempt alone, and a descriptor that nothing tells to be a userfaultfd is not
  // closed: the price of never touching what may be somebody else's.
  std::string what_is_leaked() const;
  bool hit_a_move() const { return hit_a_move_; }

  // Keeps the first.
  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  const std::string& what_is_wrong() const { return wrong_; }

 private:
  void add_fault(const Fault&, std::size_t before);

  FaultyKernel kernel_;
  CallLedger ledger_;
  std::vector<Fault> faults_;
  std::vector<std::pair<FaultyKernel::Match, FaultyKernel::Act>> always_;
  std::vector<KernelCall> calls_;
  std::string wrong_;
  bool hit_futex_ = false;
  bool hit_readlink_ = false;
  bool armed_ = false;
  bool was_hit_ = false;
  bool hit_a_move_ = false;
};

}  // namespace shunt::testing
