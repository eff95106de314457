//===- Suite.h - what to measure, as a JSON file ----------------*- C++ -*-===//
//
//   {
//     "about": "what the suite is for",
//     "device": "cuda",
//     "cases": [
//       { "name": "2x4x65536x64 L=2", "variant": "llsa",
//         "spec": "B=2,H=4,N=65536,D=64,dtype=bf16,levels=2",
//         "targets": [ { "of": "prototype", "at_most": 1.05 } ] }
//     ]
//   }
//
// `device` (where the suite is meant to run; "cpu" when not there), `name` and
// `targets` may be left out. Targets compare a case with peers or with other
// cases; tools/bench/peers.py measures those and says what became of them.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_LLSA_BENCH_SUITE_H
#define LLSA_TOOLS_LLSA_BENCH_SUITE_H

#include "runtime/program/KernelSpec.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llsa::bench {

/// One variant at one spec.
struct Case {
  std::string name;    ///< unique in its suite; by default variant and spec
  std::string variant; ///< a file, or the name of one in kernels/variants
  KernelSpec spec;
};

struct Suite {
  std::string device = "cpu"; ///< "cpu", "cuda" or "cuda:NUMBER"
  std::vector<Case> cases;
};

/// Reads a suite. The error names the file, the case and what is wrong with it.
llvm::Expected<Suite> readSuite(const std::string &path);

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_SUITE_H
