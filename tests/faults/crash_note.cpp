// The handlers and the note, which is a global because handlers get nothing else.
#include "faults/crash_note.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace shunt::testing {
namespace {

char note[1024];
CrashNote* current = nullptr;

}  // namespace

CrashNote::CrashNote(unsigned seconds) : seconds_(seconds) {
  current = this;
  struct sigaction mine {};
  mine.sa_handler = &CrashNote::handle;
  for (std::size_t i = 0; i < count; ++i) ::sigaction(watched[i], &mine, &before_[i]);
}

CrashNote::~CrashNote() {
  ::alarm(0);
  for (std::size_t i = 0; i < count; ++i) ::sigaction(watched[i], &before_[i], nullptr);
  current = nullptr;
}

void CrashNote::renew(const std::string& text) {
  const std::size_t length = std::min(text.size(), sizeof note - 1);
  std::memcpy(note, text.data(), length);
  note[length] = 0;
  ::alarm(seconds_);
}

void CrashNote::handle(int number) {
  const char* what = number == SIGALRM ? "\nfaults: a run does not end: " : "\nfaults: died in: ";
  for (const char* text : {what, static_cast<const char*>(note), "\n"}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (watched[i] == number) ::sigaction(number, &current->before_[i], nullptr);
  }
  ::raise(number);
}

}  // namespace shunt::testing
