//===- CommandLine.h - what the tools' command lines share ------*- C++ -*-===//
#ifndef LLSA_TOOLS_IO_COMMANDLINE_H
#define LLSA_TOOLS_IO_COMMANDLINE_H

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>

namespace llsa::tools {

/// Of options that count: 0 mostly stands for a default.
constexpr uint64_t kMostCount = 1000000000;

/// Takes an option's value where it is an integer of `least` to `most`, in
/// decimal digits. CLI11's own checks go through double, and its conversions
/// let numbers wrap.
CLI::Validator integerOf(uint64_t least,
                         uint64_t most = std::numeric_limits<uint64_t>::max());
/// The same for numbers; NaN is none.
CLI::Validator numberOf(double least, double most);

/// Flushes the standard output. Throws std::system_error when it cannot be
/// written: runTool tells it.
void flushOutput();

/// What a tool's main() does: parses the command line and runs `run`, whose
/// result is the exit status. That is 1, with a message, when an option lacks
/// the value behind its '=' or the standard output cannot be written.
int runTool(CLI::App &app, int argc, char **argv,
            const std::function<int()> &run);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_COMMANDLINE_H
