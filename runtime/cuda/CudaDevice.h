//===- CudaDevice.h - one GPU -----------------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_CUDADEVICE_H
#define LLSA_RUNTIME_CUDA_CUDADEVICE_H

#include "runtime/cuda/CudaDriver.h"
#include "runtime/cuda/SideStreams.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace llsa::rt {

/// A GPU and its primary context, which PyTorch and others share.
class CudaDevice {
public:
  /// Opens device number `ordinal`. The error says what is missing, or that
  /// the GPU is older than sm_80.
  static llvm::Expected<std::shared_ptr<const CudaDevice>> open(int ordinal);
  /// "cuda" (device 0) or "cuda:N".
  static bool isDeviceText(llvm::StringRef text);
  static llvm::Expected<std::shared_ptr<const CudaDevice>>
  parse(llvm::StringRef text);

  const CudaDriver &driver() const { return *functions; }
  /// What the compiler makes code for: "sm_90a" and so on.
  const std::string &target() const { return targetName; }
  const std::string &name() const { return deviceName; }
  int ordinal() const { return number; }
  int multiprocessors() const { return multiprocessorCount; }
  /// Whether a kernel may start before the one in front of it has ended.
  bool hasDependentLaunch() const { return major >= 9; }
  /// Whether memory can be allocated in the order of a stream.
  bool hasMemoryPools() const { return pools; }
  CUcontext primaryContext() const { return context; }
  /// The number of the GPU that a stream is on: this one's where the driver
  /// does not tell.
  int ordinalOf(CUstream stream) const;
  /// For what runs beside others; to be used while the context is current.
  SideStreams &sideStreams() const { return *sides; }
  ~CudaDevice();

  /// Makes the device's context current while it lives. Mostly it is already:
  /// then the driver is called once, not twice.
  class Scope {
  public:
    explicit Scope(const CudaDevice &device) : device(device) {
      CUcontext current = nullptr;
      device.functions->CtxGetCurrent(&current);
      pushed = current != device.context;
      if (pushed)
        device.functions->CtxPushCurrent(device.context);
    }
    ~Scope() {
      CUcontext old;
      if (pushed)
        device.functions->CtxPopCurrent(&old);
    }
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

  private:
    const CudaDevice &device;
    bool pushed;
  };

private:
  CudaDevice() = default;
  const CudaDriver *functions = nullptr;
  CUcontext context = nullptr;
  int number = 0, major = 0, multiprocessorCount = 0;
  bool pools = false;
  std::string targetName, deviceName;
  std::unique_ptr<SideStreams> sides;
};

/// Memory on a device; freed with this object.
class CudaMemory {
public:
  static llvm::Expected<CudaMemory>
  allocate(std::shared_ptr<const CudaDevice> device, int64_t bytes);
  /// The same from the device's pool, in the order of `stream`: does not wait
  /// for the device. The memory is for work on that stream.
  static llvm::Expected<CudaMemory>
  allocateOn(CUstream stream, std::shared_ptr<const CudaDevice> device,
             int64_t bytes);
  CudaMemory() = default;
  CudaMemory(CudaMemory &&other) { swap(other); }
  CudaMemory &operator=(CudaMemory &&other) {
    swap(other);
    return *this;
  }
  ~CudaMemory();

  void *data() const { return reinterpret_cast<void *>(address); }
  int64_t size() const { return bytes; }
  /// Waits until the copy is done.
  llvm::Error copyFrom(const void *host) const;
  llvm::Error copyTo(void *host) const;

private:
  static llvm::Expected<CudaMemory>
  make(std::shared_ptr<const CudaDevice> device, int64_t bytes,
       llvm::function_ref<CUresult(CUdeviceptr *)> allocate);
  void swap(CudaMemory &other) {
    std::swap(device, other.device);
    std::swap(address, other.address);
    std::swap(bytes, other.bytes);
  }
  std::shared_ptr<const CudaDevice> device;
  CUdeviceptr address = 0;
  int64_t bytes = 0;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDADEVICE_H
