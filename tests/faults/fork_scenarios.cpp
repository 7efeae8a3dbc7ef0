// fork: the child compacts what it inherited while calls fail, or the parent does while the child lives.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>

#include "faults/heap_checks.hpp"
#include "move/mover_worlds.hpp"

namespace shunt::testing {
namespace {

// What a child tells its parent, in memory that both see.
struct Message {
  static constexpr std::size_t most_calls = 8192;
  char wrong[512];
  Outcome outcome;
  bool was_hit;
  std::size_t call_count;
  KernelCall calls[most_calls];
};

class Child {
 public:
  // Runs the body in a child; what it throws or returns is told as wrong.
  explicit Child(const std::function<std::string(Message&)>& body) {
    void* shared =
        ::mmap(nullptr, sizeof(Message), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    message_ = static_cast<Message*>(shared);
    id_ = ::fork();
    REQUIRE(id_ >= 0);
    if (id_ != 0) return;
    std::string wrong = "the child threw";
    try {
      wrong = body(*message_);
    } catch (...) {
    }
    std::snprintf(message_->wrong, sizeof message_->wrong, "%s", wrong.c_str());
    ::_exit(wrong.empty() ? 0 : 1);
  }
  ~Child() {
    if (id_ > 0) ::kill(id_, SIGKILL), ::waitpid(id_, nullptr, 0);
    ::munmap(message_, sizeof(Message));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::string wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    if (WIFSIGNALED(status)) return "the child died of signal " + std::to_string(WTERMSIG(status));
    return message_->wrong[0] == 0 ? "" : std::string("in the child: ") + message_->wrong;
  }
  const Message& message() const { return *message_; }

 private:
  pid_t id_ = -1;
  Message* message_ = nullptr;
};

std::string compact_in_child(FaultRun& run, ModelHeap& model, Message& message) {
  const Before before = look_at(model);
  run.arm();
  const Result<CompactionReport> report = model.try_compact();
  run.disarm();
  message.outcome = {};
  message.was_hit = run.was_hit();
  message.outcome.objects = model.objects().size();
  add_up(message.outcome, report);
  message.call_count = std::min(run.calls().size(), Message::most_calls);
  std::copy_n(run.calls().begin(), message.call_count, message.calls);
  run.wrong(what_is_wrong_with(report, run, model, before));
  run.wrong(what_is_wrong_afterwards(model, before));
  return run.what_is_wrong();
}

Outcome child_compacts(FaultRun& run, std::uint64_t seed, EngineKind engine) {
  Outcome outcome;
  {
    ModelHeap model(heap_for_faults(engine), seed, run.gate());
    fragment(model);
    model.compact();
    fragment(model);
    const Before before = look_at(model);
    Child child([&](Message& message) { return compact_in_child(run, model, message); });
    run.wrong(child.wait());
    outcome = child.message().outcome;
    run.adopt({child.message().calls, child.message().call_count}, child.message().was_hit);
    run.wrong(model.what_is_wrong());
    run.wrong(what_is_wrong_afterwards(model, before));
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

Outcome parent_compacts(FaultRun& run, std::uint64_t seed, EngineKind engine) {
  Outcome outcome;
  {
    ModelHeap model(heap_for_faults(engine), seed, run.gate());
    fragment(model);
    model.compact();
    fragment(model);
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    Child child([&](Message&) {
      ::close(pipe[1]);
      char byte = 0;
      if (::read(pipe[0], &byte, 1) != 0) return std::string("the parent is not through");
      return model.what_is_wrong();
    });
    ::close(pipe[0]);
    const Before before = look_at(model);
    outcome.objects = model.objects().size();
    run.arm();
    const Result<CompactionReport> report = model.try_compact();
    run.disarm();
    ::close(pipe[1]);
    run.wrong(child.wait());
    run.wrong(what_is_wrong_with(report, run, model, before));
    add_up(outcome, report);
    run.wrong(what_is_wrong_afterwards(model, before));
  }
  run.wrong(run.what_is_leaked());
  return outcome;
}

Outcome child_relocates(FaultRun& run, std::uint64_t seed) {
  return child_compacts(run, seed, EngineKind::Relocate);
}
Outcome child_remaps(FaultRun& run, std::uint64_t seed) {
  return child_compacts(run, seed, EngineKind::Remap);
}
Outcome parent_relocates(FaultRun& run, std::uint64_t seed) {
  return parent_compacts(run, seed, EngineKind::Relocate);
}

const char* missing_relocation() {
  return host_capabilities().supports(EngineKind::Relocate) ? nullptr : "UFFDIO_MOVE";
}
const char* missing_remap() { return host_can_remap() ? nullptr : "mremap with DONTUNMAP"; }
bool moves(const Outcome& o) { return o.moved != 0 && o.stayed == 0; }

}  // namespace

std::vector<Scenario> fork_scenarios() {
  return {
      {"fork-child-relocates", missing_relocation, child_relocates, moves, 3},
      {"fork-child-remaps", missing_remap, child_remaps, moves, 2},
      {"fork-parent-relocates", missing_relocation, parent_relocates, moves, 2},
  };
}

}  // namespace shunt::testing
