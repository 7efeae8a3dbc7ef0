// What ends the demo early: a message of one line that says what is wrong and what would be right. main()
// prints it and exits with 2.
#pragma once

#include <stdexcept>
#include <string>

#include "base/result.hpp"

namespace shunt::demo {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An Error of the library as one line: what failed, the errno's name if there was one, what would be right.
std::string text_of(const Error&);

}  // namespace shunt::demo
