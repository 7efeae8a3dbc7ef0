// See trace_file.hpp.
#include "trace_file.hpp"

#include <cerrno>
#include <cstring>

namespace shunt::trace {

TraceFile::TraceFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
  if (file_ == nullptr)
    fail(0, "cannot be opened: " + std::string(std::strerror(errno)), "name a trace file");
  if (fseeko(file_.get(), 0, SEEK_END) != 0) {
    fail(0, "is not a file that can be read at offsets", "save it to a regular file first");
  }
  size_ = static_cast<std::uint64_t>(ftello(file_.get()));
}

std::string TraceFile::read(std::uint64_t offset, std::uint64_t bytes, const char* what) {
  if (offset > size_ || bytes > size_ - offset) {
    fail(size_,
         "cut off in the " + std::string(what) + ", which begins at byte " + std::to_string(offset) +
             " and has " + std::to_string(bytes) + " bytes",
         "copy or record the trace again");
  }
  std::string out(bytes, '\0');
  if (fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0 ||
      std::fread(out.data(), 1, bytes, file_.get()) != bytes) {
    fail(offset, "cannot be read: " + std::string(std::strerror(errno)), "check the disk");
  }
  return out;
}

void TraceFile::fail(std::uint64_t offset, const std::string& found, const std::string& wanted) const {
  throw Error(path_, offset, found, wanted);
}

}  // namespace shunt::trace
