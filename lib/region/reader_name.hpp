// The name of an epoch reader, kept where others may read it while it is written.
//
// For statistics alone: relaxed, so a name that is read while it changes may be half of each. Zeroed memory
// is the empty name. Not for anything that is decided by it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace shunt {

class ReaderName {
 public:
  static constexpr std::size_t capacity = 15;

  // Keeps the first `capacity` characters.
  void set(std::string_view name) {
    char text[sizeof words_] = {};
    std::memcpy(text, name.data(), std::min(name.size(), capacity));
    for (std::size_t i = 0; i < 2; ++i) {
      std::uint64_t word;
      std::memcpy(&word, text + i * sizeof word, sizeof word);
      words_[i].store(word, std::memory_order_relaxed);
    }
  }
  void copy_to(char (&text)[capacity + 1]) const {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::uint64_t word = words_[i].load(std::memory_order_relaxed);
      std::memcpy(text + i * sizeof word, &word, sizeof word);
    }
    text[capacity] = '\0';
  }

 private:
  std::atomic<std::uint64_t> words_[2];
};

}  // namespace shunt
