//===- RunCase.h - compile, run and check a case ----------------*- C++ -*-===//
#ifndef LLSA_TEST_NUMERICS_RUNCASE_H
#define LLSA_TEST_NUMERICS_RUNCASE_H

#include "test/numerics/Case.h"
#include "tools/llsa-run/Check.h"
#include "tools/llsa-run/Kernel.h"

namespace llsa::numerics {

/// A variant compiled for a spec, by no cache, and its reference.
struct TestKernel {
  std::unique_ptr<rt::Jit> jit;
  rt::Jit::KernelPtr kernel;
  std::unique_ptr<reference::Interpreter> interpreter;

  static llvm::Expected<TestKernel>
  create(const std::string &text, KernelSpec spec, unsigned threads = 1);
  /// Fresh tensors for all results, written by one run.
  llvm::Expected<tools::NamedTensors>
  run(const tools::NamedTensors &inputs,
      tools::Layout layout = tools::Layout::Contiguous) const;
};

/// A case's inputs.
llvm::Expected<tools::Inputs>
inputsOf(const Case &c, const KernelSpec &spec,
         const reference::Interpreter &interpreter);

/// How a case ended.
struct CaseResult {
  std::string failure; ///< empty when all results are correct
  tools::CheckReport report;
};

/// Runs cases; keeps the last kernel, for the next case with the same one. For
/// one thread.
class CaseRunner {
public:
  CaseResult run(const Case &c);

private:
  llvm::Expected<tools::CheckReport> evaluate(const Case &c);
  std::string key;
  std::unique_ptr<TestKernel> kernel;
};
CaseResult runCase(const Case &c);

/// The simplest case found, within `seconds`, that fails too; and how.
std::pair<Case, std::string> shrink(const Case &c, double seconds);

} // namespace llsa::numerics

#endif // LLSA_TEST_NUMERICS_RUNCASE_H
