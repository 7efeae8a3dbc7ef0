// Reads a trace as a stream.
//
//   auto reader = shunt::trace::Reader::open("python.shunt-trace");
//   shunt::trace::Event event;
//   while (reader.next(event)) replay(event);
//
// Keeps true: an event that next() returns was written like that (every byte of the file is under a checksum)
// and fits what came before it (objects are known and not yet freed). Whatever is wrong is an Error that
// names the file and the byte. A file that is cut off or foreign is noticed by open().
#pragma once

#include <memory>
#include <string>

#include "trace_format.hpp"

namespace shunt::trace {

class Reader {
 public:
  // Throws Error. O(blocks).
  static Reader open(const std::string& path);
  ~Reader();
  Reader(Reader&&) noexcept;

  const Header& header() const;
  // The next event in order, or false after the last. Throws Error. Amortized O(1); memory: one block and one
  // bit for every object.
  bool next(Event& event);
  // How many events next() has returned.
  std::uint64_t position() const;

 private:
  class Implementation;
  explicit Reader(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// Reads all of it and compares the header's totals with the events. Returns the header; throws Error.
Header verify(const std::string& path);

}  // namespace shunt::trace
