// The numbers that the recorded program and its test share.
#pragma once

#include <cstddef>

namespace recorded {

inline constexpr std::size_t marker = 10'007;  // a prime that no library asks for
inline constexpr int thread_count = 4;
inline constexpr int exchanges = 20'000;  // by each thread
inline constexpr int child_blocks = 777;
inline constexpr int parent_blocks = 500;
inline constexpr int killed_blocks = 30'000;  // several chunks of the raw file

}  // namespace recorded
