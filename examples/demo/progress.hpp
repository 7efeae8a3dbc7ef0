// A progress bar on standard error, there only where somebody looks: not when either standard output or
// standard error goes into a file or a pipe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace shunt::demo {

class Progress {
 public:
  Progress();  // asks the terminal
  explicit Progress(bool visible) : visible_(visible) {}
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void start(std::string label, std::uint64_t total);
  // Cheap enough for every event: looks at the clock now and then.
  void at(std::uint64_t done) {
    if (visible_ && done >= next_) draw(done);
  }
  // Wipes the bar.
  void finish();

 private:
  void draw(std::uint64_t done);

  bool visible_;
  bool drawn_ = false;
  std::string label_;
  std::uint64_t total_ = 0;
  std::uint64_t next_ = 0;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace shunt::demo
