// What comments must say: how a source opens, whom an atomic is paired with, which invariant is meant.
//
// Checks that the words are there, not that they are true.
#pragma once

#include <set>

#include "layout/source_text.hpp"

namespace shunt::layout {

// A source opens with a comment: headers of lib/ and include/ with three lines (what it is for, what it keeps
// true, what it does not do), other sources with at least one.
Violations opening_violations(const SourceText&);

// In lib/, a memory order that is not relaxed has "pairs with" in a comment at most three lines away.
Violations memory_order_violations(const SourceText&);

// `invariant N` in a comment names one that docs/architecture.md has.
Violations invariant_violations(const SourceText&, const std::set<int>& known);

// The numbers of the list under the heading that has "nvariants" in it.
std::set<int> documented_invariants(std::string_view markdown);

}  // namespace shunt::layout
