// Memory orders: every one that is not relaxed has a name, and docs/memory-order.md has a row for each name.
//
// A name is a constant of a protocol: `static constexpr auto word_read = std::memory_order_acquire;`. A row
// is a line of a markdown table that begins with the name and the order. Checks that both lists agree, not
// that the reasons are true: that is the explorer's work.
#pragma once

#include <map>

#include "layout/source_text.hpp"

namespace shunt::layout {

using NamedOrders = std::map<std::string, std::string>;  // name -> "acquire", "release", "acq_rel", "seq_cst"

// Of one source; two protocols must not share a name.
NamedOrders named_orders(const SourceText&);
// Of the rows `| \`name\` | order | ...`.
NamedOrders documented_orders(std::string_view markdown);

// In lib/, an order that is not relaxed and has no name. Fences need none: nothing else is a fence's partner.
Violations unnamed_order_violations(const SourceText&);

}  // namespace shunt::layout
