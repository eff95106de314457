//===- Device.h - where kernels run -----------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_JIT_DEVICE_H
#define LLSA_RUNTIME_JIT_DEVICE_H

#include "runtime/cuda/CudaDevice.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llsa::rt {

/// This CPU, one of its GPUs or the emulator.
struct Device {
  /// "cpu", "cpu:MARCH", "cuda", "cuda:NUMBER", "emulator", "emulator:TARGET".
  /// The error for another text says so; otherwise it says what is missing: a
  /// GPU, or a feature of this CPU that code for MARCH may use.
  static llvm::Expected<Device> open(llvm::StringRef text);

  std::string target; ///< what is compiled for, exact: from resolveTarget()
  std::shared_ptr<const CudaDevice> gpu; ///< null elsewhere
  bool emulated = false;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_JIT_DEVICE_H
