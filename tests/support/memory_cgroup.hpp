// A memory cgroup for a test's child process, v1 or v2, whichever is mounted and lets us make one.
//
// Made next to the test's own group where possible, removed when the object goes. A child joins before it
// allocates; the limit may be set while it runs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace shunt::testing {

class MemoryCgroup {
 public:
  // Null where no memory cgroup can be made; `why` then says what was missing.
  static std::unique_ptr<MemoryCgroup> make(std::string& why);
  ~MemoryCgroup();
  MemoryCgroup(const MemoryCgroup&) = delete;
  MemoryCgroup& operator=(const MemoryCgroup&) = delete;

  bool join(int process_id) const;
  std::size_t usage_bytes() const;
  bool set_limit(std::size_t bytes) const;

 private:
  MemoryCgroup(std::string folder, bool second_version) : folder_(std::move(folder)), v2_(second_version) {}
  std::string folder_;
  bool v2_;
};

}  // namespace shunt::testing
