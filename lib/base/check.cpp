// What a broken check prints before it aborts: the place, the expression, and both operands.
#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace shunt::detail {

void check_failed(const char* file, int line, const char* expression, unsigned long long left,
                  unsigned long long right) {
  std::fprintf(stderr, "shunt: %s:%d: broken: %s (left %llu = 0x%llx, right %llu = 0x%llx)\n", file, line,
               expression, left, left, right, right);
  std::abort();
}

}  // namespace shunt::detail
