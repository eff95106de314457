//===- Options.h - the command line of the numerics tests -------*- C++ -*-===//
#ifndef LLSA_TEST_NUMERICS_OPTIONS_H
#define LLSA_TEST_NUMERICS_OPTIONS_H

#include "test/numerics/Case.h"

namespace llsa::numerics {

struct Options {
  uint64_t first = 1; ///< seed of the first case
  uint64_t cases = 2000;
  uint64_t casesPerKernel = kCasesPerKernel;
  bool verbose = false;

  static Options &get() {
    static Options options; // set by main() before any test runs
    return options;
  }
};

} // namespace llsa::numerics

#endif // LLSA_TEST_NUMERICS_OPTIONS_H
