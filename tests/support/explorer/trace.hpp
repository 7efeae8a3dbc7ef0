// A readable account of one execution: a line a step.
#pragma once

#include <string>
#include <vector>

#include "support/explorer/memory.hpp"

namespace shunt::testing {

class Trace {
 public:
  void begin();
  void name_location(unsigned location, const char* name, int index);
  void name_cell(unsigned cell, const char* name, int index);
  // Around Memory::perform(): which message is read can only be said before, what was read only after.
  void before_step(const Memory&, const Step&, const Choice&, unsigned number);
  void after_step(const Step&, const StepResult&);
  void plain_access(unsigned thread, unsigned cell, bool is_write, std::uint64_t value);
  std::string text() const;

 private:
  std::string location_name(unsigned location) const;
  std::vector<std::string> lines_, locations_, cells_;
  std::string from_;  // of the step that is being performed: where what it reads or writes stands
};

// "0,1,1.2": the thread of each step, and the variant where it is not the first.
std::string choices_as_text(const std::vector<Choice>&);
// Thread and variant only. Throws std::invalid_argument.
std::vector<Choice> choices_from_text(const std::string&);

}  // namespace shunt::testing
