//===- CudaExecutor.h - a Program's steps on a GPU --------------*- C++ -*-===//
//
// A run puts launches on a stream and returns. It neither waits nor compiles
// nor, once a stream has its memory and its graph, allocates; so it can be
// captured in a graph. LaunchPlan.h tells how a kernel is called, RunGraphs.h
// how all of them are at once, LaneRun.h how steps that may run beside others
// do where they are launched one by one.
//
// Errors of the GPU come later than the call that caused them. A run reports
// what an earlier kernel has done as such; LLSA_CUDA_SYNC=1 waits behind every
// launch (but not in a capture) and names the kernel.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H
#define LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H

#include "runtime/cuda/CubinArchive.h"
#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/LaunchPlan.h"
#include "runtime/cuda/RunGraphs.h"
#include "runtime/cuda/StreamMemory.h"
#include "runtime/cuda/TensorMapCache.h"
#include "runtime/program/Tensor.h"
#include <vector>

namespace llsa::rt {

/// A loaded Program, ready to run on one device. Thread-safe.
class CudaExecutor {
public:
  static constexpr int64_t kWorkspaceAlignment = 256;

  /// Who knows that the tensors are on the device: the driver, which is asked
  /// for each, or the caller, as one with DLPack tensors does.
  enum class Places { Check, Known };

  /// Loads `program.code`: cubins, or PTX, which the driver assembles. The
  /// error holds the assembler's log.
  static llvm::Expected<std::unique_ptr<CudaExecutor>>
  create(std::shared_ptr<const Program> program,
         std::shared_ptr<const CudaDevice> device);
  ~CudaExecutor();

  /// Checks the tensors, which must be on the device, and puts every step on
  /// the stream; does not wait.
  ///
  /// `stream`: of the device.
  ///
  /// `workspace`: memory on the device, aligned to 256 bytes, which nobody else
  /// uses until the stream is done with it; null: the executor's own for this
  /// stream, taken from the device's pool at the first such run on it, which
  /// must not be captured, and kept. Whoever launches a captured graph on
  /// several streams at once gives a workspace.
  ///
  /// A tensor that is not aligned for the kernels (isAlignedForGpu) is copied
  /// on the stream; memory for the copy is taken and kept like a workspace.
  llvm::Error run(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs,
                  void *workspace, int64_t workspaceBytes, CUstream stream,
                  Places places = Places::Check) const;

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
               std::shared_ptr<const CudaDevice> device);
  llvm::Error load();
  llvm::Error loadModule(const Cubin &cubin);
  void prepareGraphs();
  /// The function of a kernel in the module that has it.
  llvm::Expected<CUfunction> findFunction(const Kernel &kernel) const;
  /// CTAs to launch: of a persistent kernel as many as fit on the card.
  llvm::Expected<unsigned> gridOf(const Kernel &kernel,
                                  CUfunction function) const;
  llvm::Error fail(const std::string &message) const;
  llvm::Error fail(llvm::Error error) const;
  llvm::Error checkPlace(llvm::StringRef name, void *data) const;
  llvm::Error checkStream(CUstream stream) const;
  llvm::Expected<void *> workspaceFor(void *workspace, int64_t bytes,
                                      CUstream stream) const;
  /// Replaces the places of tensors that are not aligned by packed memory and
  /// copies inputs there; `copied` gets the numbers of these tensors.
  llvm::Error packTensors(llvm::MutableArrayRef<LaunchPlan::Place> places,
                          llvm::SmallVectorImpl<size_t> &copied,
                          CUstream stream) const;
  llvm::Error copy(size_t buffer, const LaunchPlan::Place &from,
                   const LaunchPlan::Place &to, CUstream stream) const;
  /// By step.
  using AllArguments = llvm::SmallVector<LaunchArguments, 12>;
  llvm::Expected<AllArguments>
  allArguments(llvm::ArrayRef<LaunchPlan::Place> places, void *workspace) const;
  llvm::Error launch(const LaunchPlan::Launch &launch,
                     LaunchArguments &arguments, CUstream stream,
                     std::optional<int> priority = std::nullopt) const;
  /// Puts every step on the stream.
  llvm::Error launchAll(llvm::MutableArrayRef<LaunchArguments> arguments,
                        CUstream stream) const;
  /// The same by launches, some of them beside others.
  llvm::Error launchInLanes(llvm::MutableArrayRef<LaunchArguments> arguments,
                            CUstream stream) const;
  llvm::Error launchError(CUresult result, const std::string &kernel,
                          CUstream stream) const;
  llvm::Error waitFor(const std::string &kernel, CUstream stream) const;
  /// Time between two events around `work`.
  llvm::Expected<double> measure(llvm::function_ref<llvm::Error()> work) const;

  std::shared_ptr<const Program> plan;
  std::shared_ptr<const CudaDevice> gpu;
  LaunchPlan launches;
  size_t numInputs;
  bool waitAlways; ///< LLSA_CUDA_SYNC
  bool useLanes;   ///< the program has them, and LLSA_CUDA_LANES
  struct Module {
    std::string kernel; ///< the only one in it; "": there may be several
    CUmodule handle;
  };
  std::vector<Module> modules;
  std::vector<CUfunction> functions; ///< by kernel
  std::vector<unsigned> grids;       ///< by kernel: CTAs to launch
  mutable StreamMemory memory; ///< slot 0: workspace; 1 + b: copy of tensor b
  mutable TensorMapCache maps;
  mutable std::optional<RunGraphs> graphs; ///< none: launched one by one
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDAEXECUTOR_H
