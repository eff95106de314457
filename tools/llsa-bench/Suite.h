//===- Suite.h - what to measure, as a JSON file ----------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_BENCH_SUITE_H
#define LLSA_TOOLS_LLSA_BENCH_SUITE_H

#include "runtime/program/KernelSpec.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llsa::bench {

/// One variant at one spec.
struct Case {
  std::string variant; ///< a file, or the name of one in kernels/variants
  KernelSpec spec;
};

/// Reads `{"cases": [{"variant": "llsa", "spec": "B=1,..."}, ...]}`. The error
/// names the file, the case and what is wrong with it.
llvm::Expected<std::vector<Case>> readSuite(const std::string &path);

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_SUITE_H
