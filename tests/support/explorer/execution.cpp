// Starting, leaving and feeding the threads of one execution.
#include "support/explorer/execution.hpp"

#include <stdexcept>
#include <utility>

#include "support/explorer/trace.hpp"

namespace shunt::testing {
namespace {

Execution* the_running_one = nullptr;

struct Violated {};

}  // namespace

Execution& Execution::running() {
  if (the_running_one == nullptr) throw std::logic_error("simulated data outside of explore()");
  return *the_running_one;
}

Execution::Execution(const ProgramCalls& calls, const Options& options, Trace* trace)
    : calls_(calls), options_(options), trace_(trace) {
  the_running_one = this;
  for (unsigned t = 0; t < calls_.threads; ++t) {
    threads_[t].body = [this, t] { run_body(t); };
  }
}

Execution::~Execution() {
  end_state();
  the_running_one = nullptr;
}

// ---- For the explorer

void Execution::start() {
  for (Thread& thread : threads_) thread.log.clear();
  steps_ = 0;
  begin_state();
  if (violation_.empty()) start_threads();
}

void Execution::save(Checkpoint& to) const {
  for (unsigned t = 0; t < calls_.threads; ++t) {
    to.steps[t] = static_cast<std::uint32_t>(threads_[t].log.size());
  }
  to.memory = memory_;
}

void Execution::go_back_to(const Checkpoint& from) {
  for (unsigned t = 0; t < calls_.threads; ++t) threads_[t].log.resize(from.steps[t]);
  replaying_ = true;
  begin_state();
  start_threads();
  replaying_ = false;
  memory_ = from.memory;
}

void Execution::list_choices(std::vector<Choice>& into) const {
  for (unsigned t = 0; t < calls_.threads; ++t) {
    const Thread& thread = threads_[t];
    if (thread.ended) continue;
    memory_.list_choices(t, thread.pending, thread.spurious_failures < options_.spurious_failures, into);
  }
}

void Execution::perform(const Choice& choice) {
  Thread& thread = threads_[choice.thread];
  ++steps_;
  if (trace_ != nullptr) trace_->before_step(memory_, thread.pending, choice, steps_);
  current_ = choice.thread;
  begin_operation(thread);
  const StepResult result = memory_.perform(thread.pending, choice, steps_);
  if (trace_ != nullptr) trace_->after_step(thread.pending, result);
  append(thread, result);
  if (choice.spurious) ++thread.spurious_failures;
  go_on(choice.thread);
  memory_.forget(running_threads());
  if (memory_.overflowed() && violation_.empty()) violation_ = "the program is too large to be simulated";
}

void Execution::finish() {
  phase_ = Phase::Final;
  try {
    calls_.finish();
  } catch (const Violated&) {
  }
}

Hash Execution::hash() const {
  std::array<Hash, max_threads> histories{};
  std::array<unsigned, max_threads> spurious{};  // a history that was cut short does not tell
  for (unsigned t = 0; t < calls_.threads; ++t) {
    histories[t] = history_of(threads_[t], threads_[t].log.size());
    spurious[t] = threads_[t].spurious_failures;
  }
  const Hash hash = hash_more(memory_.hash(), &histories, sizeof histories);
  return options_.spurious_failures == 0 ? hash : hash_more(hash, &spurious, sizeof spurious);
}

// ---- Threads

void Execution::begin_state() {
  end_state();
  phase_ = Phase::Setup;
  memory_.reset(options_.mode, calls_.threads, fences);
  if (trace_ != nullptr) trace_->begin();
  has_state_ = true;
  try {
    calls_.begin();
  } catch (const Violated&) {
  }
  if (memory_.overflowed()) violation_ = "too many locations";
}

void Execution::end_state() {
  phase_ = Phase::Final;  // destructors may have something to write
  if (has_state_) calls_.end();
  has_state_ = false;
}

void Execution::start_threads() {
  phase_ = Phase::Threads;
  for (unsigned t = 0; t < calls_.threads; ++t) {
    Thread& thread = threads_[t];
    thread.next = 0;
    thread.ended = thread.invoked = false;
    thread.spurious_failures = 0;
    thread.fiber.start(&thread.body);
    go_on(t);
  }
  if (!replaying_) memory_.forget(running_threads());
}

void Execution::go_on(unsigned t) {
  current_ = t;
  Thread& thread = threads_[t];
  thread.fiber.resume();
  if (!thread.fiber.ended()) return;
  thread.ended = true;
  memory_.thread_ended(t);
}

void Execution::run_body(unsigned t) {
  try {
    calls_.run(t);
  } catch (const std::exception& error) {
    violate(std::string("an exception left the thread: ") + error.what());
  }
}

unsigned Execution::running_threads() const {
  unsigned mask = 0;
  for (unsigned t = 0; t < calls_.threads; ++t) mask |= threads_[t].ended ? 0u : 1u << t;
  return mask;
}

// What precedes the operation that begins with the step that is about to be performed.
void Execution::begin_operation(Thread& thread) {
  thread.begins_operation = std::exchange(thread.invoked, false);
  if (!thread.begins_operation) return;
  for (unsigned u = 0; u < calls_.threads; ++u) {
    thread.before[u] = static_cast<std::uint8_t>(memory_.operations_before(current_, u));
  }
}

void Execution::append(Thread& thread, const StepResult& result) {
  LogEntry entry;
  entry.result = result;
  entry.begins_operation = std::exchange(thread.begins_operation, false);
  if (entry.begins_operation) entry.before = thread.before;
  struct {
    std::uint64_t value;
    std::array<std::uint8_t, max_threads> before;
    std::uint8_t success, begins, unused[2];
  } const fact{result.value, entry.before, result.success, entry.begins_operation, {}};
  entry.history = hash_more(history_of(thread, thread.log.size()), &fact, sizeof fact);
  thread.log.push_back(entry);
}

// ---- For simulated code

unsigned Execution::add_location(std::uint64_t initial) {
  if (phase_ != Phase::Setup) violate("a simulated location was made while threads run");
  return memory_.add_location(initial);
}

unsigned Execution::add_cell(std::uint64_t initial) {
  if (phase_ != Phase::Setup) violate("simulated plain data was made while threads run");
  return memory_.add_cell(initial);
}

void Execution::name_location(unsigned location, const char* name, int index) {
  if (trace_ != nullptr) trace_->name_location(location, name, index);
}

void Execution::name_cell(unsigned cell, const char* name, int index) {
  if (trace_ != nullptr) trace_->name_cell(cell, name, index);
}

StepResult Execution::step(const Step& step) {
  if (phase_ != Phase::Threads) return memory_.perform_alone(step);
  Thread& thread = me();
  if (is_fence(step.kind) && options_.mode == Mode::release_acquire && !fences) met_fence_ = true;
  if (thread.next == thread.log.size()) {
    thread.pending = step;
    thread.fiber.yield();
  }
  const LogEntry& entry = thread.log[thread.next++];
  if (replaying_) {
    if (entry.begins_operation) {
      thread.invoked = false;
      thread.before = entry.before;
    }
    if (step.kind == StepKind::CompareWeak && !entry.result.success && entry.result.value == step.expected) {
      ++thread.spurious_failures;
    }
  }
  return entry.result;
}

std::uint64_t Execution::read_cell(unsigned cell) {
  if (phase_ != Phase::Threads) return memory_.cell(cell);
  Thread& thread = me();
  if (!replaying_) {
    std::uint64_t value = 0;
    const bool ordered = memory_.read_cell(current_, cell, value);
    if (trace_ != nullptr) trace_->plain_access(current_, cell, false, value);
    if (!ordered) violate("data race: a plain read, and a write by another thread not ordered with it");
    append(thread, {value, true});
  }
  return thread.log[thread.next++].result.value;
}

void Execution::write_cell(unsigned cell, std::uint64_t value) {
  if (phase_ != Phase::Threads) return memory_.set_cell_alone(cell, value);
  if (replaying_) return;
  const bool ordered = memory_.write_cell(current_, cell, value);
  if (trace_ != nullptr) trace_->plain_access(current_, cell, true, value);
  if (!ordered) violate("data race: a plain write, and an access by another thread not ordered with it");
}

void Execution::operation_invoked() {
  Thread& thread = me();
  thread.invoked = true;
  thread.before_operation = history_of(thread, thread.next);
}

void Execution::operation_returned(const Hash& answer) {
  Thread& thread = me();
  if (thread.invoked) {  // an operation without a step
    if (!replaying_) {
      begin_operation(thread);
      append(thread, {});
    }
    thread.invoked = false;
    ++thread.next;
  }
  if (replaying_) return;
  const Hash history = hash_more(thread.before_operation, &answer, sizeof answer);
  thread.log.back().history = hash_more(history, &thread.before, sizeof thread.before);
  memory_.operation_returned(current_);
}

unsigned Execution::operations_before(unsigned thread, unsigned index, unsigned other) const {
  for (const LogEntry& entry : threads_[thread].log) {
    if (entry.begins_operation && index-- == 0) return entry.before[other];
  }
  throw std::logic_error("no such operation");
}

void Execution::violate(std::string what) {
  violation_ = std::move(what);
  if (phase_ != Phase::Threads) throw Violated{};
  for (;;) me().fiber.yield();
}

}  // namespace shunt::testing
