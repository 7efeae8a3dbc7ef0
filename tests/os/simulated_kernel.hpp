// A kernel that differs from the running one in what a test says, and is the running one in everything else.
//
// Rules are asked in order; the first that answers decides. Counts calls by number. Not for concurrent use.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "os/system_calls.hpp"

namespace shunt::testing {

class SimulatedKernel {
 public:
  struct Request {
    long number;
    const long (&arguments)[6];
    // The running kernel's answer to the same request.
    long really() const {
      const os::SystemCalls real = os::SystemCalls::real();
      return real.call(real.context, number, arguments);
    }
  };
  using Rule = std::function<std::optional<long>(const Request&)>;

  SimulatedKernel& rule(Rule r) {
    rules_.push_back(std::move(r));
    return *this;
  }
  // Every call of that number fails with that errno.
  SimulatedKernel& refuse(long number, int code) {
    return rule(
        [=](const Request& r) { return r.number == number ? std::optional<long>(-code) : std::nullopt; });
  }
  // Calls of that number fail where the argument has all those bits.
  SimulatedKernel& refuse_bits(long number, int argument, long bits, int code) {
    return rule([=](const Request& r) {
      const bool hit = r.number == number && (r.arguments[argument] & bits) == bits;
      return hit ? std::optional<long>(-code) : std::nullopt;
    });
  }
  // Calls of that number fail where the argument is exactly that.
  SimulatedKernel& refuse_value(long number, int argument, long value, int code) {
    return rule([=](const Request& r) {
      const bool hit = r.number == number && r.arguments[argument] == value;
      return hit ? std::optional<long>(-code) : std::nullopt;
    });
  }

  os::SystemCalls calls() {
    return {[](void* self, long number, const long(&arguments)[6]) {
              return static_cast<SimulatedKernel*>(self)->answer({number, arguments});
            },
            this};
  }
  long count(long number) const {
    const auto found = counts_.find(number);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  long answer(const Request& request) {
    ++counts_[request.number];
    for (const Rule& r : rules_) {
      if (const std::optional<long> decided = r(request)) return *decided;
    }
    return request.really();
  }

  std::vector<Rule> rules_;
  std::map<long, long> counts_;
};

}  // namespace shunt::testing
