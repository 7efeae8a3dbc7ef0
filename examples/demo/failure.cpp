// A library's Error as one line for people.
#include "failure.hpp"

#include "os/system_calls.hpp"

namespace shunt::demo {

std::string text_of(const Error& error) {
  std::string text = error.operation;
  if (error.code != 0) text += std::string(": ") + os::errno_name(error.code);
  if (*error.advice != '\0') text += std::string("; ") + error.advice;
  return text;
}

}  // namespace shunt::demo
