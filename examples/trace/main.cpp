// `shunt-trace`: records malloc histories and looks into them. Arguments are taken here; commands.hpp has the
// work.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "commands.hpp"
#include "trace_writer.hpp"

namespace {

using namespace shunt::trace;

// Everything the command line can say, and the code to run for the subcommand that was chosen.
struct Arguments {
  RecordOptions record;
  std::string raw, trace, out;
  int compression = default_compression;
  std::uint64_t events = 0;
  int exit_code = 0;
};

void add_record(CLI::App& app, Arguments& a) {
  CLI::App* record = app.add_subcommand("record", "run a command and record its malloc history");
  record->add_option("-o,--output", a.record.output, "the trace to write")->capture_default_str();
  record->add_option("--recorder", a.record.recorder, "libshunt-record.so, if it is not beside shunt-trace");
  record->add_flag("--all", a.record.all, "keep the traces of all processes, as FILE.PID");
  record->add_flag("--keep-raw", a.record.keep_raw, "keep the raw files");
  record->add_option("command", a.record.command, "the command, after --")->required()->expected(1, 1 << 20);
  record->positionals_at_end();
  record->callback([&a] { a.exit_code = record_command(a.record); });
}

void add_finish(CLI::App& app, Arguments& a) {
  CLI::App* finish = app.add_subcommand("finish", "turn the recorder's raw file into a trace");
  finish->add_option("raw", a.raw, "what SHUNT_RECORD_FILE named, with .<process> behind it")->required();
  finish->add_option("trace", a.out, "the trace to write")->required();
  finish->add_option("--compression", a.compression, "zstd level")
      ->check(CLI::Range(1, 22))
      ->capture_default_str();
  finish->callback([&a] { a.exit_code = finish_command(a.raw, a.out, a.compression); });
}

void add_readers(CLI::App& app, Arguments& a) {
  CLI::App* info = app.add_subcommand("info", "print what a trace holds");
  info->add_option("trace", a.trace)->required();
  info->callback([&a] { a.exit_code = info_command(a.trace); });
  CLI::App* verify = app.add_subcommand("verify", "check every byte and every event of a trace");
  verify->add_option("trace", a.trace)->required();
  verify->callback([&a] { a.exit_code = verify_command(a.trace); });
  CLI::App* cut = app.add_subcommand("cut", "keep the first events of a trace");
  cut->add_option("trace", a.trace)->required();
  cut->add_option("out", a.out, "the trace to write")->required();
  cut->add_option("--events", a.events, "how many to keep")->required();
  cut->callback([&a] { a.exit_code = cut_command(a.trace, a.out, a.events); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Records the malloc history of a program and looks into recorded ones.", "shunt-trace");
  app.require_subcommand(1);
  Arguments arguments;
  add_record(app, arguments);
  add_finish(app, arguments);
  add_readers(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shunt-trace: {}\n", error.what());
    return 1;
  }
  return arguments.exit_code;
}
