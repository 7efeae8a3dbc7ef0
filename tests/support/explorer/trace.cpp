// Formatting of steps and of choices.
#include "support/explorer/trace.hpp"

#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace shunt::testing {
namespace {

const char* name_of(StepKind kind) {
  switch (kind) {
    case StepKind::Load:
      return "load";
    case StepKind::Store:
      return "store";
    case StepKind::Exchange:
      return "exchange";
    case StepKind::Add:
      return "fetch_add";
    case StepKind::And:
      return "fetch_and";
    case StepKind::Or:
      return "fetch_or";
    case StepKind::Compare:
      return "compare_exchange_strong";
    case StepKind::CompareWeak:
      return "compare_exchange_weak";
    case StepKind::Fence:
      return "fence";
    case StepKind::HeavyFence:
      return "heavy fence";
  }
  return "?";
}

const char* name_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
      return "consume";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    case std::memory_order_seq_cst:
      return "seq_cst";
  }
  return "?";
}

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, value < 10 ? "%llu" : "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

void set_name(std::vector<std::string>& names, unsigned at, const char* name, int index) {
  if (names.size() <= at) names.resize(at + 1);
  names[at] = index < 0 ? name : std::string(name) + "[" + std::to_string(index) + "]";
}

std::string name_in(const std::vector<std::string>& names, unsigned at, const char* otherwise) {
  if (at < names.size() && !names[at].empty()) return names[at];
  return otherwise + std::to_string(at);
}

std::string call(const Step& step) {
  std::string text = std::string(name_of(step.kind)) + "(";
  if (is_compare(step.kind)) text += hexadecimal(step.expected) + " -> ";
  if (changes_memory(step.kind)) text += hexadecimal(step.operand) + ", ";
  text += name_of(step.order);
  if (is_compare(step.kind)) text += std::string(" / ") + name_of(step.failure_order);
  return text + ")";
}

std::string author(unsigned stamp) {
  return stamp == 0 ? "the start" : std::string("step ") + std::to_string(stamp);
}

}  // namespace

void Trace::begin() {
  lines_.clear();
  locations_.clear();
  cells_.clear();
}

void Trace::name_location(unsigned location, const char* name, int index) {
  set_name(locations_, location, name, index);
}

void Trace::name_cell(unsigned cell, const char* name, int index) { set_name(cells_, cell, name, index); }

void Trace::before_step(const Memory& memory, const Step& step, const Choice& choice, unsigned number) {
  char start[32];
  std::snprintf(start, sizeof start, "%4u  thread %u  ", number, choice.thread);
  lines_.push_back(start);
  from_.clear();
  if (is_fence(step.kind)) {
    lines_.back() += call(step);
    return;
  }
  lines_.back() += name_in(locations_, step.location, "location ").append(".") + call(step);
  const unsigned newer = memory.messages(step.location) - 1 - choice.rank;
  const std::string of = author(memory.stamp_at(step.location, choice.rank));
  if (step.kind != StepKind::Store) {
    from_ = ", of " + of;
    if (newer > 0) from_ += ", STALE: " + std::to_string(newer) + " newer";
    if (choice.spurious) from_ += ", fails spuriously";
  } else if (newer > 0) {
    from_ = "  (goes behind that of " + of + ", before " + std::to_string(newer) + " others)";
  }
}

void Trace::after_step(const Step& step, const StepResult& result) {
  std::string& line = lines_.back();
  if (!is_fence(step.kind) && step.kind != StepKind::Store) line += " = " + hexadecimal(result.value);
  line += from_;
  if (is_compare(step.kind)) line += result.success ? ": done" : ": refused";
}

void Trace::plain_access(unsigned thread, unsigned cell, bool is_write, std::uint64_t value) {
  lines_.push_back(std::string("      thread ") + std::to_string(thread) + "  " +
                   name_in(cells_, cell, "plain ") + (is_write ? " is set to " : " is read as ") +
                   hexadecimal(value));
}

std::string Trace::text() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

std::string choices_as_text(const std::vector<Choice>& choices) {
  std::string text;
  for (const Choice& choice : choices) {
    if (!text.empty()) text += ",";
    text += std::to_string(choice.thread);
    if (choice.variant != 0) text.append(".").append(std::to_string(choice.variant));
  }
  return text;
}

std::vector<Choice> choices_from_text(const std::string& text) {
  std::vector<Choice> choices;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t dot = word.find('.');
    Choice choice;
    choice.thread = static_cast<std::uint8_t>(std::stoul(word));
    if (dot != std::string::npos)
      choice.variant = static_cast<std::uint8_t>(std::stoul(word.substr(dot + 1)));
    choices.push_back(choice);
  }
  return choices;
}

}  // namespace shunt::testing
