// Bad input, as a table: what is asked for wrongly, and words that the answer must have.
//
// Every row is tried on a heap that lives; afterwards the heap is as it was: contents, statistics, handles,
// VMAs. A row answers with the words of the Error that it got, or with "accepted".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compact/model_heap.hpp"

namespace shunt::testing {

struct BadInput {
  std::string name;
  std::function<std::string(ModelHeap&)> attempt;
  std::string says;         // what the answer must contain: what would be right
  bool takes_room = false;  // allocates to do it: how far regions are filled may differ afterwards
};

inline std::string words_of(const Error& error) { return std::string(error.operation) + ": " + error.advice; }
template <class T>
std::string words_of(const Result<T>& result) {
  return result ? "accepted" : words_of(result.error());
}

std::vector<BadInput> bad_requests();  // sizes, alignments, handles, goals, use before open()
std::vector<BadInput> bad_options();  // of heaps, reservations, region spaces, handle tables, the environment
std::vector<BadInput> bad_spans();    // given to the page mover
std::vector<BadInput> damaged_traces();

}  // namespace shunt::testing
