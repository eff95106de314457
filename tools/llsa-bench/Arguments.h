//===- Arguments.h - tensors to run a case on -------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_BENCH_ARGUMENTS_H
#define LLSA_TOOLS_LLSA_BENCH_ARGUMENTS_H

#include "runtime/program/Program.h"
#include "tools/io/TypedArray.h"
#include <string>

namespace llsa::bench {

/// Inputs of a program in its own types.
std::vector<tools::TypedArray>
makeInputs(const Program &program, const std::string &kind, uint64_t seed);

std::vector<Tensor> views(const std::vector<tools::TypedArray> &arrays);

/// Makes inputs, and keeps the last ones: suites put cases of one shape beside
/// each other, and a million tokens take seconds to make.
class InputMaker {
public:
  /// `kind`: "random" or "structured".
  explicit InputMaker(std::string kind) : kind(std::move(kind)) {}
  /// Valid until the next call.
  const std::vector<tools::TypedArray> &inputsFor(const Program &program);

private:
  std::string kind, madeFor;
  std::vector<tools::TypedArray> made;
};

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_ARGUMENTS_H
