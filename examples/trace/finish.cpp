// See finish.hpp. The stamps make a history in which no address is owned twice, with three exceptions, each
// from calls that were never seen: a free of an unknown address (allocated before recording) is dropped, a
// reallocation of one is taken as an allocation, and an allocation at an owned address frees the earlier
// object.
#include "finish.hpp"

#include <filesystem>
#include <string_view>
#include <unordered_map>

#include "raw_reader.hpp"

namespace shunt::trace {
namespace {

class History {
 public:
  explicit History(Writer& writer) : writer_(writer) {}

  void apply(const RawEvent& event) {
    switch (event.operation) {
      case raw::Operation::allocate:
      case raw::Operation::allocate_zeroed:
        return own(event.address, allocate(event), event.thread);
      case raw::Operation::free:
        return release(event);
      case raw::Operation::reallocate_begin:
        return begin_reallocation(event);
      case raw::Operation::reallocate_end:
        return end_reallocation(event);
      case raw::Operation::reallocate_failed:
        return give_back(event);
      case raw::Operation::reallocate_freed:
        return free_in_flight(event);
      case raw::Operation::none:
        return;
    }
  }
  std::uint64_t unknown_frees() const { return unknown_frees_; }
  std::uint64_t implied_frees() const { return implied_frees_; }

 private:
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};

  std::uint64_t allocate(const RawEvent& event) {
    return writer_.allocate(event.bytes, event.alignment, event.operation == raw::Operation::allocate_zeroed,
                            event.thread);
  }

  void own(std::uint64_t address, std::uint64_t object, std::uint32_t thread) {
    const auto [place, fresh] = objects_.try_emplace(address, object);
    if (fresh) return;
    writer_.release(place->second, thread);
    ++implied_frees_;
    place->second = object;
  }

  std::uint64_t disown(std::uint64_t address) {
    const auto place = objects_.find(address);
    if (place == objects_.end()) return unknown;
    const std::uint64_t object = place->second;
    objects_.erase(place);
    return object;
  }

  void release(const RawEvent& event) {
    const std::uint64_t object = disown(event.address);
    if (object == unknown) {
      ++unknown_frees_;
    } else {
      writer_.release(object, event.thread);
    }
  }

  // From here to the end of the call the object has no address: another thread may own its old one meanwhile.
  void begin_reallocation(const RawEvent& event) { in_flight_[event.thread] = disown(event.address); }

  std::uint64_t take_in_flight(std::uint32_t thread) {
    const auto place = in_flight_.find(thread);
    if (place == in_flight_.end()) return unknown;
    const std::uint64_t object = place->second;
    in_flight_.erase(place);
    return object;
  }

  void end_reallocation(const RawEvent& event) {
    std::uint64_t object = take_in_flight(event.thread);
    if (object == unknown) {
      object = allocate(event);
    } else {
      writer_.reallocate(object, event.bytes, event.thread);
    }
    own(event.address, object, event.thread);
  }

  void give_back(const RawEvent& event) {
    const std::uint64_t object = take_in_flight(event.thread);
    if (object != unknown) own(event.address, object, event.thread);
  }

  void free_in_flight(const RawEvent& event) {
    const std::uint64_t object = take_in_flight(event.thread);
    if (object == unknown) {
      ++unknown_frees_;
    } else {
      writer_.release(object, event.thread);
    }
  }

  Writer& writer_;
  std::unordered_map<std::uint64_t, std::uint64_t> objects_;    // by address
  std::unordered_map<std::uint32_t, std::uint64_t> in_flight_;  // by thread: inside realloc
  std::uint64_t unknown_frees_ = 0;
  std::uint64_t implied_frees_ = 0;
};

// The arguments as a shell would take them, near enough to be read and typed again.
std::string command_line(const raw::FileHeader& header) {
  std::string out;
  std::string_view rest(header.command, header.command_bytes);
  while (!rest.empty()) {
    const std::string argument(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), argument.size() + 1));
    if (!out.empty()) out += ' ';
    const bool plain =
        !argument.empty() && argument.find_first_of(" \t\n'\"\\$&|;<>()*?`") == std::string::npos;
    if (plain) {
      out += argument;
      continue;
    }
    out += '\'';
    for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

Header describe(const raw::FileHeader& raw_header) {
  Header header;
  header.command = command_line(raw_header);
  header.kernel = raw_header.kernel;
  header.recorded_seconds = raw_header.start_seconds;
  header.forked = raw_header.forked != 0;
  return header;
}

}  // namespace

std::optional<Finished> finish(const std::string& raw_path, const std::string& trace_path, int compression) {
  RawReader reader(raw_path);
  RawEvent event;
  if (!reader.next(event)) return std::nullopt;
  Writer writer(trace_path, describe(reader.header()), compression);
  History history(writer);
  do history.apply(event);
  while (reader.next(event));
  writer.set_repairs(history.unknown_frees(), history.implied_frees());
  Finished finished;
  finished.header = writer.finish();
  finished.trace_bytes = std::filesystem::file_size(trace_path);
  finished.process = reader.header().process;
  finished.stopped_errno = reader.header().stopped_errno.load(std::memory_order_relaxed);
  return finished;
}

}  // namespace shunt::trace
