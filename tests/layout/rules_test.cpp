// The layout rules on small sources, good and bad: every rule is shown to fail where it should.
#include "layout/comment_rules.hpp"
#include "layout/include_rules.hpp"
#include "layout/order_rules.hpp"
#include "support/check.hpp"

using namespace shunt::layout;

namespace {

std::size_t includes_wrong(const std::string& path, const std::string& text) {
  return include_violations(parse_source(path, text)).size();
}
std::size_t orders_wrong(const std::string& text) {
  return memory_order_violations(parse_source("lib/region/x.hpp", text)).size();
}
std::size_t invariants_wrong(const std::string& text) {
  return invariant_violations(parse_source("lib/os/x.cpp", text), {1, 2, 3}).size();
}

}  // namespace

TEST_CASE("the lexer tells code, comments and strings apart") {
  const auto source =
      parse_source("x", "a /* b\nc */ d \"e // f\" g // h \"i\"\nR\"(j\n// k)\" l 1'000 'm' n");
  REQUIRE(source.lines.size() == 4);
  CHECK(source.lines[0].code == "a ");
  CHECK(source.lines[0].comment == "/* b");
  CHECK(source.lines[1].code == " d \"\" g ");
  CHECK(source.lines[1].comment == "c */// h \"i\"");
  CHECK(source.lines[2].code == "");
  CHECK(source.lines[3].code == " l 1'000 '' n");
  CHECK(source.lines[3].comment == "");
}

TEST_CASE("the lexer survives what is cut off") {
  for (const char* text : {"\"abc", "'", "/* abc", "R\"x(abc", "R\"", "//", "\"a\\", ""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_source("x", text).lines.empty());
  }
}

TEST_CASE("a layer includes itself and those above it, no other") {
  CHECK(includes_wrong("lib/move/x.cpp",
                       "#include \"move/a.hpp\"\n#include \"os/b.hpp\"\n#include \"base/c.hpp\"\n") == 0);
  CHECK(includes_wrong("lib/base/x.hpp", "#include \"os/memory.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/os/x.hpp", "#include \"move/mover.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/move/x.hpp", "  #  include \"compact/a.hpp\"\n#include \"runtime/b.hpp\"\n") ==
        2);
  CHECK(includes_wrong("lib/move/x.hpp", "// #include \"compact/a.hpp\"\n") == 0);
}

TEST_CASE("an include names its layer, and a folder of lib is a layer") {
  CHECK(includes_wrong("lib/os/x.cpp", "#include \"memory.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/os/x.cpp", "#include \"../base/address.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/os/x.cpp", "#include \"sys/mman.h\"\n") == 1);
  CHECK(includes_wrong("lib/util/x.cpp", "int x;\n") == 1);
}

TEST_CASE("observe is reached from any layer through one header, which stands on base alone") {
  CHECK(includes_wrong("lib/os/x.cpp", "#include \"observe/observe.hpp\"\n") == 0);
  CHECK(includes_wrong("lib/os/x.cpp", "#include \"observe/heap_map.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/observe/heap_map.hpp", "#include \"plan/plan.hpp\"\n") == 0);
  CHECK(includes_wrong("lib/observe/observe.hpp", "#include \"base/address.hpp\"\n") == 0);
  CHECK(includes_wrong("lib/observe/observe.hpp", "#include \"os/memory.hpp\"\n") == 1);
}

TEST_CASE("plan is pure") {
  CHECK(includes_wrong("lib/plan/x.cpp", "#include \"move/cost_model.hpp\"\n#include <span>\n") == 0);
  CHECK(includes_wrong("lib/plan/x.cpp", "#include \"os/metadata_memory.hpp\"\n") == 1);
  CHECK(includes_wrong("lib/plan/x.cpp", "#include <pthread.h>\n") == 1);
}

TEST_CASE("only lib/os includes the system's headers and says errno") {
  for (const char* header :
       {"sys/mman.h", "linux/userfaultfd.h", "sys/ioctl.h", "sys/syscall.h", "unistd.h"}) {
    CAPTURE(header);
    const std::string line = "#include <" + std::string(header) + ">\n";
    CHECK(includes_wrong("lib/os/x.cpp", line) == 0);
    CHECK(includes_wrong("lib/move/x.cpp", line) == 1);
    CHECK(includes_wrong("lib/adapters/x.cpp", line) == 1);
    CHECK(includes_wrong("tests/os/x.cpp", line) == 0);
  }
  CHECK(includes_wrong("lib/os/x.cpp", "int code = errno;\n") == 0);
  CHECK(includes_wrong("lib/move/x.cpp", "int code = errno;\n") == 1);
  CHECK(includes_wrong("lib/move/x.cpp", "errno_of(r); log(\"errno\");  // errno\n") == 0);
}

TEST_CASE("lib takes no header that allocates and no dependency; adapters may") {
  CHECK(includes_wrong("lib/compact/x.cpp", "#include <vector>\n") == 1);
  CHECK(includes_wrong("lib/compact/x.cpp", "#include <boost/intrusive/list.hpp>\n") == 1);
  CHECK(includes_wrong("lib/region/x.hpp", "#include <boost/intrusive/set.hpp>\n") == 0);
  CHECK(includes_wrong("lib/region/x.hpp", "#include <boost/container/set.hpp>\n") == 1);
  CHECK(includes_wrong("lib/compact/x.cpp",
                       "#include <string_view>\n#include <cerrno>\n#include <pthread.h>\n") == 0);
  CHECK(includes_wrong("lib/adapters/x.cpp", "#include <jemalloc/jemalloc.h>\n#include <vector>\n") == 0);
}

TEST_CASE("public headers stand on the standard library, and runtime implements them") {
  CHECK(includes_wrong("include/shunt/heap.hpp",
                       "#include <shunt/types.hpp>\n#include <cstdint>\n#include <stdint.h>\n") == 0);
  CHECK(includes_wrong("include/shunt/heap.hpp", "#include \"base/address.hpp\"\n") == 1);
  CHECK(includes_wrong("include/shunt/heap.hpp", "#include <sys/mman.h>\n#include <fmt/core.h>\n") == 2);
  CHECK(includes_wrong("include/shunt/heap.hpp", "inline int e() { return errno; }\n") == 1);
  CHECK(includes_wrong("lib/runtime/c_api.cpp", "#include \"shunt/heap.hpp\"\n") == 0);
  CHECK(includes_wrong("lib/base/x.hpp", "#include \"shunt/heap.hpp\"\n") == 1);
}

TEST_CASE("a source opens with what it is for") {
  const auto wrong = [](const char* path, const char* text) {
    return opening_violations(parse_source(path, text)).size();
  };
  CHECK(wrong("lib/os/x.cpp", "// One line.\n#include \"os/x.hpp\"\n") == 0);
  CHECK(wrong("lib/os/x.cpp", "#include \"os/x.hpp\"\n// Too late.\n") == 1);
  CHECK(wrong("lib/os/x.cpp", "int a;  // not an opening\n") == 1);
  CHECK(wrong("lib/os/x.hpp", "// One.\n//\n// Three.\n#pragma once\n") == 0);
  CHECK(wrong("lib/os/x.hpp", "/* One.\n   Two.\n   Three. */\n#pragma once\n") == 0);
  CHECK(wrong("lib/os/x.hpp", "// One line is not enough for a header.\n#pragma once\n") == 1);
  CHECK(wrong("tests/os/x_test.cpp", "") == 1);
}

TEST_CASE("a memory order that is not relaxed names its partner nearby") {
  CHECK(orders_wrong("w.load(std::memory_order_relaxed);\n") == 0);
  for (const char* order : {"_acquire", "_release", "_acq_rel", "_seq_cst", "::acquire", "::seq_cst"}) {
    CAPTURE(order);
    CHECK(orders_wrong("w.load(std::memory_order" + std::string(order) + ");\n") == 1);
  }
  CHECK(orders_wrong("w.load(std::memory_order_acquire);  // acquire: pairs with publish()\n") == 0);
  CHECK(orders_wrong("// acquire: pairs\n// with publish()\n\nw.load(std::memory_order_acquire);\n") == 0);
  CHECK(orders_wrong("// pairs with publish()\n\n\n\nw.load(std::memory_order_acquire);\n") == 1);
  CHECK(orders_wrong("// memory_order_acquire would be too weak\n") == 0);
}

TEST_CASE("a memory order has a name, and rows of the document are found") {
  const auto unnamed = [](const std::string& text) {
    return unnamed_order_violations(parse_source("lib/region/a.hpp", text)).size();
  };
  CHECK(unnamed("w.load(std::memory_order_acquire);\n") == 1);
  CHECK(unnamed("w.load(std::memory_order_relaxed);\n") == 0);
  CHECK(unnamed("  static constexpr auto word_read = std::memory_order_acquire;\n") == 0);
  CHECK(named_orders(parse_source("lib/a.hpp", "static constexpr auto a_b = std::memory_order_acq_rel;\n")) ==
        NamedOrders{{"a_b", "acq_rel"}});
  CHECK(documented_orders("text\n| `a_b` | acq_rel | why |\n| `c` | `not` |\n") ==
        NamedOrders{{"a_b", "acq_rel"}});
}

TEST_CASE("an invariant that is cited exists") {
  CHECK(invariants_wrong("// keeps invariant 3\n") == 0);
  CHECK(invariants_wrong("// keeps invariant 4\n") == 1);
  CHECK(invariants_wrong("// Invariants 1, 2 and 9 hold\n") == 1);
  CHECK(invariants_wrong("// invariants 8 and 9\n") == 2);
  CHECK(invariants_wrong("int invariant = 9;\n") == 0);
}

TEST_CASE("the invariants are the numbered list under their heading") {
  const auto known = documented_invariants(
      "# A\n1. no\n## 8. Invariants\n1. yes\n2. yes\n   2 more\n**3.** yes\n# B\n4. no\n");
  CHECK(known == std::set<int>{1, 2, 3});
  CHECK(documented_invariants("nothing").empty());
}
