// A file that is read at offsets, whose every failure is an Error naming file and byte.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "trace_format.hpp"

namespace shunt::trace {

class TraceFile {
 public:
  explicit TraceFile(const std::string& path);
  // Exactly so many bytes, or an Error that calls what is missing `what`.
  std::string read(std::uint64_t offset, std::uint64_t bytes, const char* what);
  std::uint64_t size() const { return size_; }
  [[noreturn]] void fail(std::uint64_t offset, const std::string& found, const std::string& wanted) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
};

}  // namespace shunt::trace
