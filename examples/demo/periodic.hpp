// The other way to use a history: compact every N operations while it goes on, and look at every object after
// each compaction.
#pragma once

#include "comparison.hpp"

namespace shunt::demo {

// One run whose only round adds up all compactions; its live and resident bytes and VMAs are those of the
// last. Compacts early when the heap outgrows the limit. Throws Failure and trace::Error.
Comparison compact_periodically(const Options&, Progress&);

}  // namespace shunt::demo
