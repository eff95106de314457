//===- EmulatorExecutor.h - a Program's steps on the emulator ---*- C++ -*-===//
//
// Runs the PTX that a GPU would run, over tensors of the host. Kernels are
// called as CudaExecutor.h says, one after the other.
//
// What a kernel may touch is known to the byte: the elements of its inputs, to
// read; those of its outputs and the buffers of the workspace, which start
// poisoned, and of which only what was written may be read. Each buffer has a
// range of addresses of its own, so that no access beyond its end meets
// another. A run that leaves a part of an output unwritten, or that writes
// between its rows, is an error, too.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_EMULATOREXECUTOR_H
#define LLSA_RUNTIME_EMULATOR_EMULATOREXECUTOR_H

#include "runtime/emulator/Launch.h"
#include "runtime/program/Tensor.h"
#include <memory>
#include <vector>

namespace llsa::rt {

/// A loaded Program, ready to run. Thread-safe: everything that one run changes
/// belongs to that run.
class EmulatorExecutor {
public:
  /// As of HostExecutor: tensors are in the CPU's memory.
  static constexpr int64_t kWorkspaceAlignment = 64;

  /// "emulator" or "emulator:TARGET".
  static bool isDeviceText(llvm::StringRef text);
  /// The target whose code a device text asks for: "sm_90a" unless it names
  /// another one of sm_80, sm_89, sm_90a, sm_100a and sm_120a.
  static llvm::Expected<std::string> targetOf(llvm::StringRef text);

  /// Parses and decodes the PTX of `program`. `threads` must outlive the
  /// executor.
  static llvm::Expected<std::unique_ptr<EmulatorExecutor>>
  create(std::shared_ptr<const Program> program, ThreadPool &threads);

  /// Checks the tensors and the workspace (Tensor.h), runs every step and
  /// waits. The error is the first thing that a kernel does wrong, with kernel,
  /// line, block, warp and lane. A caller's `workspace` is left alone: the
  /// executor's own keeps buffers apart. A tensor that is not aligned for the
  /// kernels (isAlignedForGpu) is copied. `stepMilliseconds`, when given,
  /// receives the time of every step.
  llvm::Error run(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs,
                  const void *workspace = nullptr, int64_t workspaceBytes = 0,
                  std::vector<double> *stepMilliseconds = nullptr) const;

  const Program &program() const { return *plan; }

private:
  EmulatorExecutor(std::shared_ptr<const Program> program, ThreadPool &threads)
      : plan(std::move(program)), threads(threads) {}
  llvm::Error load();
  llvm::Error fail(const std::string &message) const;

  std::shared_ptr<const Program> plan;
  ThreadPool &threads;
  std::vector<std::shared_ptr<const ptx::Kernel>> kernels;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_EMULATOR_EMULATOREXECUTOR_H
