//===- main.cpp - the numerics tests --------------------------------------===//
#include "test/numerics/Options.h"
#include "test/numerics/RunCase.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace llsa::numerics;

/// Prints one case and its result.
static int show(uint64_t seed) {
  Case c = randomCase(seed, Options::get().casesPerKernel);
  fmt::print("{}", describe(c));
  std::fflush(stdout);
  CaseResult result = runCase(c);
  fmt::print("{}\n", result.failure.empty() ? "correct" : result.failure);
  return result.failure.empty() ? 0 : 1;
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  Options &options = Options::get();
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    uint64_t seed = 0;
    if (argument.consume_front("--show=") && !argument.getAsInteger(10, seed))
      return show(seed);
    if (argument == "--verbose") {
      options.verbose = true;
      continue;
    }
    bool known = argument.consume_front("--cases=")
                     ? !argument.getAsInteger(10, options.cases)
                 : argument.consume_front("--first=")
                     ? !argument.getAsInteger(10, options.first)
                 : argument.consume_front("--cases-per-kernel=")
                     ? !argument.getAsInteger(10, options.casesPerKernel) &&
                           options.casesPerKernel > 0
                     : false;
    if (!known) {
      fmt::print(stderr,
                 "{}: expected --cases=NUMBER, --first=SEED, "
                 "--cases-per-kernel=NUMBER, --show=SEED (last) or --verbose, "
                 "got {}\n",
                 argv[0], argv[i]);
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}
