//===- DeviceTensors.h - tensors of a run, in a GPU's memory ----*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_DEVICETENSORS_H
#define LLSA_TOOLS_LLSA_RUN_DEVICETENSORS_H

#include "runtime/cuda/CudaExecutor.h"
#include "tools/llsa-run/Inputs.h"

namespace llsa::tools {

/// A copy of host tensors on the device of a kernel, laid out alike.
class DeviceTensors {
public:
  /// Allocates and copies the tensors that `executor`'s program names.
  static llvm::Expected<DeviceTensors> create(const rt::CudaExecutor &executor,
                                              const NamedTensors &inputs,
                                              const NamedTensors &outputs);
  llvm::ArrayRef<Tensor> inputs() const { return in; }
  llvm::ArrayRef<Tensor> outputs() const { return out; }
  /// Copies the outputs back; waits for the device.
  llvm::Error copyOutputs() const;

private:
  std::vector<rt::CudaMemory> memory; ///< of `in`, then of `out`
  std::vector<Tensor> in, out;
  std::vector<void *> hostOutputs;
};

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_DEVICETENSORS_H
