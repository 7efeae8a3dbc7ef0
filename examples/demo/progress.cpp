// A bar on a terminal, nothing elsewhere.
#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace shunt::demo {
namespace {

constexpr std::uint64_t events_between_looks = 1024;
constexpr std::chrono::milliseconds between_draws{50};
constexpr int width = 40;

}  // namespace

Progress::Progress() : visible_(isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1) {}

void Progress::start(std::string label, std::uint64_t total) {
  label_ = std::move(label);
  total_ = std::max<std::uint64_t>(total, 1);
  next_ = 0;
  last_ = {};
}

void Progress::draw(std::uint64_t done) {
  next_ = done + events_between_looks;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < between_draws) return;
  last_ = now;
  drawn_ = true;
  const std::uint64_t share = std::min<std::uint64_t>(done * 100 / total_, 100);
  const auto filled = static_cast<int>(share) * width / 100;
  fmt::print(stderr, "\r\033[K{:<34} [{:#<{}}{:<{}}] {:3} %", label_, "", filled, "", width - filled, share);
  std::fflush(stderr);
}

void Progress::finish() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace shunt::demo
