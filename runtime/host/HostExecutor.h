//===- HostExecutor.h - a Program's steps on this CPU -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_HOST_HOSTEXECUTOR_H
#define LLSA_RUNTIME_HOST_HOSTEXECUTOR_H

#include "runtime/host/HostModule.h"
#include "runtime/host/ThreadPool.h"
#include "runtime/program/Tensor.h"
#include <atomic>
#include <memory>

namespace llsa::rt {

/// A loaded Program, ready to run. Thread-safe: everything that one run
/// changes belongs to that run.
class HostExecutor {
public:
  static constexpr int64_t kWorkspaceAlignment = 64;

  /// Loads the code of `program`. `threads` must outlive the executor.
  static llvm::Expected<std::unique_ptr<HostExecutor>>
  create(std::shared_ptr<const Program> program, ThreadPool &threads);
  ~HostExecutor();

  /// Checks the tensors (Tensor.h), then runs every step in order and waits.
  /// A null `workspace` is allocated here, and one is kept for the next run;
  /// otherwise it must be aligned to 64 bytes and hold
  /// `program().workspaceBytes`, and nobody else may use it meanwhile.
  /// `stepMilliseconds`, when given, receives the time of every step.
  llvm::Error run(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs,
                  void *workspace = nullptr, int64_t workspaceBytes = 0,
                  std::vector<double> *stepMilliseconds = nullptr) const;

  const Program &program() const { return *plan; }

private:
  HostExecutor(std::shared_ptr<const Program> program,
               std::unique_ptr<HostModule> module, ThreadPool &threads);
  llvm::Error runSteps(llvm::ArrayRef<Tensor> inputs,
                       llvm::ArrayRef<Tensor> outputs, char *workspace,
                       std::vector<double> *stepMilliseconds) const;

  std::shared_ptr<const Program> plan;
  std::unique_ptr<HostModule> module;
  ThreadPool &threads;
  /// Memref descriptors of all buffers, one behind the other, with sizes and
  /// row-major strides filled in; a run copies it and adds the pointers.
  std::vector<int64_t> descriptorTemplate;
  std::vector<size_t> descriptorStart; ///< of each buffer, in words
  mutable std::atomic<void *> spareWorkspace{nullptr};
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_HOST_HOSTEXECUTOR_H
