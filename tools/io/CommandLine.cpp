//===- CommandLine.cpp - what the tools' command lines share --------------===//
#include "tools/io/CommandLine.h"
#include "llvm/ADT/StringRef.h"
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <system_error>

using namespace llsa::tools;

template <typename T>
static CLI::Validator
rangeOf(const char *what, T least, T most,
        const std::function<bool(llvm::StringRef, T &)> &read) {
  std::string range = fmt::format("{} to {}", least, most);
  return CLI::Validator(
      [=](std::string &text) -> std::string {
        T value;
        if (read(text, value) && value >= least && value <= most)
          return "";
        return fmt::format("expected {} of {}, got '{}'", what, range, text);
      },
      range);
}

CLI::Validator llsa::tools::integerOf(uint64_t least, uint64_t most) {
  return rangeOf<uint64_t>("an integer", least, most,
                           [](llvm::StringRef text, uint64_t &value) {
                             return !text.getAsInteger(10, value);
                           });
}

CLI::Validator llsa::tools::numberOf(double least, double most) {
  return rangeOf<double>("a number", least, most,
                         [](llvm::StringRef text, double &value) {
                           return !text.getAsDouble(value);
                         });
}

/// The first argument that ends behind its '='. CLI11 would take the next
/// argument for its value.
static const char *findEmptyOption(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.starts_with("--") && argument.find('=') + 1 == argument.size())
      return argv[i];
  }
  return nullptr;
}

void llsa::tools::flushOutput() {
  if (std::fflush(stdout) != 0)
    throw std::system_error(errno, std::generic_category());
}

int llsa::tools::runTool(CLI::App &app, int argc, char **argv,
                         const std::function<int()> &run) {
  const std::string &tool = app.get_name();
  if (const char *option = findEmptyOption(argc, argv)) {
    fmt::print(stderr, "{}: {}: expected a value behind '='\n", tool, option);
    return 1;
  }
  try {
    int status = 0;
    try {
      app.parse(argc, argv);
      status = run();
    } catch (const CLI::ParseError &error) { // --help, too
      status = app.exit(error);
    }
    // What is still in its buffer would be lost in silence.
    flushOutput();
    return status;
  } catch (const std::system_error &error) { // of fmt::print, too
    fmt::print(stderr, "{}: cannot write the standard output: {}\n", tool,
               error.code().message());
    return 1;
  }
}
