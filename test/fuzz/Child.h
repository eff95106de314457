//===- Child.h - one input in a process of its own --------------*- C++ -*-===//
#ifndef LLSA_TEST_FUZZ_CHILD_H
#define LLSA_TEST_FUZZ_CHILD_H

#include "test/fuzz/Generator.h"
#include <sys/types.h>

namespace llsa::fuzz {

/// How an input ended. The child's exit status is one of these.
enum class Ending {
  Agrees = 40, ///< ran, and the results are right
  Compiled,    ///< compiled; too large, or without a meaning, to be run
  Refused,     ///< a clean diagnostic
  Wrong,       ///< ran, and a result is wrong
  Unclean,     ///< refused without saying why
};

/// Starts a process that tries the input and ends with an Ending, or dies.
/// Its stderr, and what it has to say, goes to `logPath`.
pid_t startChild(const FuzzInput &input, const std::string &logPath);

/// Tries the input in this process and says what happened.
Ending tryInput(const FuzzInput &input, std::string &message);

} // namespace llsa::fuzz

#endif // LLSA_TEST_FUZZ_CHILD_H
