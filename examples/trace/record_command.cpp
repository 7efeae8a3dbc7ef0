// `shunt-trace record` and `finish`: run a command with the recorder preloaded, then make a trace of every
// process that left a raw file. The process with the most events becomes FILE; with --all any other becomes
// FILE.<process>, else it is left out.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "commands.hpp"
#include "finish.hpp"
#include "text.hpp"

namespace shunt::trace {
namespace {

namespace fs = std::filesystem;

struct Recorded {
  std::string suffix;  // .<process>, or .<process>.2 for the second program that this process exec'd
  fs::path trace;
  Finished finished;
};

fs::path find_recorder(const std::string& given) {
  if (!given.empty()) return fs::absolute(given);
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& candidate : {here / "libshunt-record.so", here / "../lib/libshunt-record.so"}) {
    if (fs::exists(candidate)) return fs::canonical(candidate);
  }
  throw std::runtime_error("libshunt-record.so is neither beside shunt-trace (" + here.string() +
                           ") nor in ../lib; say where with --recorder");
}

fs::path make_raw_folder(const fs::path& output) {
  std::string name = output.string() + ".raw.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error(name + ": cannot be created: " + std::strerror(errno) +
                             "; name a writable folder");
  }
  return name;
}

// LD_PRELOAD is split at spaces and colons and knows no quoting: a library under such a path is preloaded
// through a link in the folder for temporary files, for as long as the command runs.
class Preloadable {
 public:
  explicit Preloadable(const fs::path& library) : path_(library) {
    if (is_plain(library)) return;
    std::string folder = (fs::temp_directory_path() / "shunt-record.XXXXXX").string();
    if (!is_plain(folder) || mkdtemp(folder.data()) == nullptr) {
      throw std::runtime_error(
          library.string() +
          ": cannot be preloaded for a space or colon in its path; set TMPDIR to a folder without");
    }
    link_folder_ = folder;
    path_ = link_folder_ / "libshunt-record.so";
    fs::create_symlink(library, path_);
  }
  ~Preloadable() {
    std::error_code ignored;
    if (!link_folder_.empty()) fs::remove_all(link_folder_, ignored);
  }
  Preloadable(const Preloadable&) = delete;
  Preloadable& operator=(const Preloadable&) = delete;
  const fs::path& path() const { return path_; }

 private:
  static bool is_plain(const fs::path& path) {
    return path.string().find_first_of(" :") == std::string::npos;
  }
  fs::path path_;
  fs::path link_folder_;
};

[[noreturn]] void become(const std::vector<std::string>& command, const fs::path& recorder,
                         const fs::path& raw) {
  const char* before = std::getenv("LD_PRELOAD");
  const std::string preload =
      recorder.string() + (before != nullptr && *before != 0 ? std::string(":") + before : "");
  setenv("LD_PRELOAD", preload.c_str(), 1);
  setenv("SHUNT_RECORD_FILE", raw.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  fmt::print(stderr, "shunt-trace: {}: {}\n", command[0], std::strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

int run(const RecordOptions& options, const fs::path& recorder, const fs::path& raw) {
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) become(options.command, recorder, raw);
  // Control-C is for the command; what it recorded until then is wanted.
  struct sigaction ignore {
  }, interrupt_before{}, quit_before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, &interrupt_before);
  sigaction(SIGQUIT, &ignore, &quit_before);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  sigaction(SIGINT, &interrupt_before, nullptr);
  sigaction(SIGQUIT, &quit_before, nullptr);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// True for an ELF program that names no loader: nothing can be preloaded into it.
bool is_static_program(const std::string& command) {
  std::vector<fs::path> candidates;
  if (command.find('/') != std::string::npos) candidates.emplace_back(command);
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (candidates.empty() || (command.find('/') == std::string::npos && !rest.empty())) {
    const std::string folder(rest.substr(0, rest.find(':')));
    candidates.emplace_back(fs::path(folder) / command);
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [](const fs::path& file) { return access(file.c_str(), X_OK) == 0; });
  if (found == candidates.end()) return false;
  std::ifstream file(*found, std::ios::binary);
  std::string start(4096, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start.starts_with(
             "\x7F"
             "ELF") &&
         start.find("/ld-") == std::string::npos;
}

std::vector<Recorded> finish_all(const fs::path& folder, const fs::path& output) {
  std::vector<Recorded> all;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string suffix =
        entry.path().extension() == ".partial" ? "" : entry.path().filename().string().substr(3);
    if (suffix.empty()) continue;
    const fs::path trace = output.string() + suffix;
    try {
      if (auto finished = finish(entry.path(), trace)) all.push_back({suffix, trace, std::move(*finished)});
    } catch (const Error& error) {
      fmt::print(stderr, "shunt-trace: one process is left out: {}\n", error.what());
    }
  }
  std::sort(all.begin(), all.end(), [](const Recorded& a, const Recorded& b) {
    return a.finished.header.totals.events > b.finished.header.totals.events;
  });
  if (!all.empty()) {
    fs::rename(all[0].trace, output);
    all[0].trace = output;
  }
  return all;
}

std::string shortened(const std::string& command) {
  return command.size() <= 60 ? command : command.substr(0, 57) + "...";
}

void report(const fs::path& trace, const Finished& finished) {
  const Totals& totals = finished.header.totals;
  fmt::print(stderr, "shunt-trace: {}: {} events, peak live {}, {} on disk: {}\n", trace.string(),
             count_text(totals.events), bytes_text(totals.peak_live_bytes), bytes_text(finished.trace_bytes),
             shortened(finished.header.command));
  if (finished.stopped_errno != 0) {
    fmt::print(stderr, "shunt-trace: {}: recording ended before the program did: {}\n", trace.string(),
               std::strerror(static_cast<int>(finished.stopped_errno)));
  }
}

// A shell's many short children are rarely what was to be recorded.
void leave_out_all_but_the_largest(std::vector<Recorded>& all) {
  std::uint64_t events = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    events += all[i].finished.header.totals.events;
    fs::remove(all[i].trace);
  }
  if (all.size() > 1) {
    fmt::print(stderr, "shunt-trace: left out {} other processes with {} events in all (--all keeps them)\n",
               count_text(all.size() - 1), count_text(events));
  }
  all.resize(std::min<std::size_t>(all.size(), 1));
}

void report_nothing(const RecordOptions& options) {
  const bool is_static = is_static_program(options.command[0]);
  fmt::print(stderr, "shunt-trace: nothing was recorded: {}\n",
             is_static ? options.command[0] + " is statically linked, so no recorder can be loaded into it"
                       : "the command could not be started, is set-user-ID, or allocates without malloc");
}

}  // namespace

int record_command(const RecordOptions& options) {
  const Preloadable recorder(find_recorder(options.recorder));
  const fs::path output = fs::absolute(options.output);
  const fs::path folder = make_raw_folder(output);
  const int code = run(options, recorder.path(), folder / "raw");
  std::vector<Recorded> all = finish_all(folder, output);
  if (!options.all) leave_out_all_but_the_largest(all);
  for (const Recorded& recorded : all) report(recorded.trace, recorded.finished);
  if (all.empty()) report_nothing(options);
  if (options.keep_raw) {
    fmt::print(stderr, "shunt-trace: raw files kept in {}\n", folder.string());
  } else {
    fs::remove_all(folder);
  }
  return code;
}

int finish_command(const std::string& raw, const std::string& trace, int compression) {
  const auto finished = finish(raw, trace, compression);
  if (!finished) {
    fmt::print(stderr, "shunt-trace: {}: no event was recorded, so no trace is written\n", raw);
    return 1;
  }
  report(trace, *finished);
  return 0;
}

}  // namespace shunt::trace
