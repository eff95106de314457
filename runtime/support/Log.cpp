//===- Log.cpp --------------------------------------------------*- C++ -*-===//
#include "runtime/support/Log.h"

#include "runtime/support/Env.h"
#include <unistd.h>

namespace llsa::rt {

static constexpr const char *kNames[] = {"error", "warn", "info", "debug"};

static LogLevel readLevel() {
  std::string text = env::logLevel();
  for (int i = 0; i < 4; ++i)
    if (text == kNames[i])
      return LogLevel(i);
  logText(LogLevel::Warn,
          fmt::format("LLSA_LOG = '{}': expected error, warn, info or debug; "
                      "ignored",
                      text));
  return LogLevel::Warn;
}

bool logEnabled(LogLevel level) {
  static const LogLevel limit = readLevel();
  return level <= limit;
}

void logText(LogLevel level, const std::string &text) {
  std::string line = fmt::format("llsa: {}: {}\n", kNames[int(level)], text);
  // One write, so that lines of several threads and processes stay whole.
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace llsa::rt
