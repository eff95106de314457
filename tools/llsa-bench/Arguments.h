//===- Arguments.h - tensors to run a case on -------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_BENCH_ARGUMENTS_H
#define LLSA_TOOLS_LLSA_BENCH_ARGUMENTS_H

#include "runtime/program/Program.h"
#include "tools/io/TypedArray.h"
#include <map>
#include <string>

namespace llsa::bench {

/// Inputs of a program in its own types.
std::vector<tools::TypedArray>
makeInputs(const Program &program, const std::string &kind, uint64_t seed);

std::vector<Tensor> views(const std::vector<tools::TypedArray> &arrays);

/// Tensors by their name.
using NamedViews = std::map<std::string, Tensor>;
/// Adds a program's tensors of one role, which come in its order.
void addViews(NamedViews &views, const Program &program, Buffer::Role role,
              llvm::ArrayRef<Tensor> tensors);

/// Random numbers for the inputs of a backward that its forward neither reads
/// nor gives: gradients of results.
std::vector<tools::TypedArray>
makeUnknown(const Program &backward, const NamedViews &known, uint64_t seed);
/// All inputs of a backward: those that are known, and for the others
/// `unknown`, in order.
std::vector<Tensor> readsOf(const Program &backward, const NamedViews &known,
                            llvm::ArrayRef<Tensor> unknown);

/// Bytes of the tensors that a forward gives to its backward alone.
int64_t keptBytes(const Program &forward);

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
