// Says what was being tried when the process dies of a signal, or when a run does not end.
//
// Handlers may only write(2), so the note is made before. Restores the handlers that it found, which get the
// signal next. One at a time, in one thread.
#pragma once

#include <csignal>
#include <string>

namespace shunt::testing {

class CrashNote {
 public:
  // After `seconds` without renew() the process gets SIGALRM: nothing may block for ever.
  explicit CrashNote(unsigned seconds);
  ~CrashNote();
  CrashNote(const CrashNote&) = delete;
  CrashNote& operator=(const CrashNote&) = delete;
  void renew(const std::string& text);

 private:
  static constexpr int watched[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
  static constexpr std::size_t count = sizeof watched / sizeof *watched;
  static void handle(int number);

  unsigned seconds_;
  struct sigaction before_[count];
};

}  // namespace shunt::testing
