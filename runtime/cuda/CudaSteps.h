//===- CudaSteps.h - the steps of a Program, one by one ---------*- C++ -*-===//
//
// A Program is data, so each of its steps is a program, too: the same buffers,
// kernels and code, and one step. That is what gives a kernel's own time,
// without a second way to launch one.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUDASTEPS_H
#define LLSA_RUNTIME_CUDA_CUDASTEPS_H

#include "runtime/cuda/CudaExecutor.h"
#include "runtime/cuda/CudaGraph.h"

namespace llsa::rt {

/// A copy of `program` that has its step number `step` alone.
Program onlyStep(const Program &program, size_t step);

/// An executor per step.
class CudaSteps {
public:
  /// Loads the program of `executor` once for every step.
  static llvm::Expected<CudaSteps> create(const CudaExecutor &executor);

  size_t size() const { return executors.size(); }
  /// The kernel of a step.
  const Kernel &kernel(size_t step) const {
    const Program &program = executors[step]->program();
    return program.kernels[size_t(program.steps[0].kernel)];
  }
  /// Puts one step on the stream, as CudaExecutor::run() does all of them.
  /// `workspace` must be given, and hold what the steps before left there.
  llvm::Error run(size_t step, llvm::ArrayRef<Tensor> inputs,
                  llvm::ArrayRef<Tensor> outputs, const CudaMemory &workspace,
                  CUstream stream) const {
    return executors[step]->run(inputs, outputs, workspace.data(),
                                workspace.size(), stream);
  }

private:
  CudaSteps() = default;
  std::vector<std::unique_ptr<CudaExecutor>> executors;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDASTEPS_H
