//===- Log.h - messages to stderr, by level ---------------------*- C++ -*-===//
//
// For what is worth saying but is no error: a damaged cache entry, a disk that
// cannot be written. Errors go to the caller as llvm::Error instead.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_LOG_H
#define LLSA_RUNTIME_SUPPORT_LOG_H

#include <fmt/format.h>
#include <string>

namespace llsa::rt {

enum class LogLevel { Error, Warn, Info, Debug };

/// Is `level` to be written? LLSA_LOG decides, read at the first call.
bool logEnabled(LogLevel level);

/// Writes "llsa: level: text" and a newline to stderr as one write.
void logText(LogLevel level, const std::string &text);

/// Formats and writes, when the level is enabled.
template <typename... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args &&...args) {
  if (logEnabled(level))
    logText(level, fmt::format(format, std::forward<Args>(args)...));
}

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_LOG_H
