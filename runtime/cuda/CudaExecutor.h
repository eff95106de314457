//===- CudaExecutor.h - a Program's steps on a GPU --------------*- C++ -*-===//
//
// How a kernel is called
// ======================
//
// A kernel takes, for each of its step's buffers in order, the address of the
// first element, and behind it, for an input or output of rank 2 or more, the
// strides of all dimensions but the last, in elements. All are 64-bit. The grid
// is `ctas` CTAs of 32 * `warps` threads, with `sharedBytes` of dynamic shared
// memory.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H
#define LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/program/Tensor.h"
#include <mutex>
#include <vector>

namespace llsa::rt {

/// A loaded Program, ready to run on one device. Thread-safe.
class CudaExecutor {
public:
  static constexpr int64_t kWorkspaceAlignment = 256;
  /// Tensors whose last dimension is a multiple of this many bytes must have
  /// addresses and strides that are, too.
  static constexpr int64_t kAlignment = 16;

  /// Loads `program.code`: PTX, which the driver assembles, or a cubin. The
  /// error holds the assembler's log.
  static llvm::Expected<std::unique_ptr<CudaExecutor>>
  create(std::shared_ptr<const Program> program,
         std::shared_ptr<const CudaDevice> device);
  ~CudaExecutor();

  /// Checks the tensors, which must be on the device, and puts every step on
  /// the stream; does not wait. An error of an earlier kernel may be reported
  /// here. `workspace`: memory on the device, aligned to 256 bytes, which
  /// nobody else uses until the stream is done with it; null: the executor's
  /// own, for one stream at a time, allocated at the first such call (which
  /// must not be captured).
  llvm::Error run(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs,
                  void *workspace, int64_t workspaceBytes,
                  CUstream stream) const;

  /// The time of every step, alone, on the default stream. Waits.
  llvm::Expected<std::vector<double>>
  profile(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs) const;

  /// The time of `count` runs, one behind the other on the default stream, in
  /// milliseconds for each. Waits.
  llvm::Expected<double> time(llvm::ArrayRef<Tensor> inputs,
                              llvm::ArrayRef<Tensor> outputs,
                              int64_t count) const;

  const Program &program() const { return *plan; }
  const std::shared_ptr<const CudaDevice> &device() const { return gpu; }

private:
  CudaExecutor(std::shared_ptr<const Program> program,
               std::shared_ptr<const CudaDevice> device)
      : plan(std::move(program)), gpu(std::move(device)) {}
  llvm::Error load();
  llvm::Error fail(const std::string &message) const;
  llvm::Error checkPlaces(llvm::ArrayRef<Tensor> tensors,
                          Buffer::Role role) const;
  llvm::Expected<void *> ownWorkspace(CUstream stream) const;
  llvm::Error launch(const Step &step, llvm::ArrayRef<Tensor> inputs,
                     llvm::ArrayRef<Tensor> outputs, char *workspace,
                     CUstream stream) const;
  /// Time between two events around `work`.
  llvm::Expected<double>
  measure(llvm::function_ref<llvm::Error()> work) const;

  std::shared_ptr<const Program> plan;
  std::shared_ptr<const CudaDevice> gpu;
  CUmodule module = nullptr;
  std::vector<CUfunction> functions;
  mutable std::mutex mutex;
  mutable CudaMemory spare; ///< guarded by mutex
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H
