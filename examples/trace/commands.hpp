// What `shunt-trace` does, one function a subcommand. Each returns the program's exit code and throws
// trace::Error for a trace that is not as it should be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shunt::trace {

struct RecordOptions {
  std::string output = "recorded.shunt-trace";
  std::string recorder;  // libshunt-record.so; empty: the one beside this program or in ../lib
  bool keep_raw = false;
  bool all = false;  // keep the traces of all processes, not only of the one with the most events
  std::vector<std::string> command;
};

// Returns the command's exit code, 128 + signal when a signal ended it, 126 or 127 when it could not be
// started.
int record_command(const RecordOptions& options);
int finish_command(const std::string& raw, const std::string& trace, int compression);
int info_command(const std::string& trace);
int verify_command(const std::string& trace);
// The first `events` events as a trace of their own.
int cut_command(const std::string& trace, const std::string& out, std::uint64_t events);

}  // namespace shunt::trace
