//===- CudaDevice.cpp - one GPU -------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/cuda/StreamId.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

// CUdevice_attribute.
static constexpr int kCapabilityMajor = 75, kCapabilityMinor = 76,
                     kMemoryPools = 115;
static constexpr int kMultiprocessors = 16;

/// The newest code that a GPU of this compute capability runs; empty: none.
static std::string targetOf(int major, int minor) {
  if (major == 8)
    return minor >= 9 ? "sm_89" : "sm_80";
  if (major == 9)
    return "sm_90a";
  if (major == 10 && minor == 0)
    return "sm_100a";
  if (major == 12 && minor == 0)
    return "sm_120a";
  // Newer ones run what is compiled for sm_89 without an architecture's own
  // instructions.
  return major > 8 ? "sm_89" : "";
}

Expected<std::shared_ptr<const CudaDevice>> CudaDevice::open(int ordinal) {
  Expected<const CudaDriver *> driver = CudaDriver::get();
  if (!driver)
    return driver.takeError();
  const CudaDriver &cu = **driver;
  int count = 0;
  if (Error error = cu.check(cu.DeviceGetCount(&count), "cannot count GPUs"))
    return std::move(error);
  if (ordinal < 0 || ordinal >= count)
    return createStringError(
        std::error_code(kCudaNoDevice, cudaCategory()),
        fmt::format("there is no GPU number {}: expected 0 to {}", ordinal,
                    count - 1));
  CUdevice handle = 0;
  char name[256] = "";
  int major = 0, minor = 0, pools = 0, multiprocessors = 0;
  CUresult result = cu.DeviceGet(&handle, ordinal);
  if (result == 0)
    result = cu.DeviceGetName(name, sizeof(name), handle);
  for (auto [value, attribute] :
       {std::pair(&major, kCapabilityMajor),
        std::pair(&minor, kCapabilityMinor), std::pair(&pools, kMemoryPools),
        std::pair(&multiprocessors, kMultiprocessors)})
    if (result == 0)
      result = cu.DeviceGetAttribute(value, attribute, handle);
  std::shared_ptr<CudaDevice> device(new CudaDevice());
  device->functions = *driver;
  device->sides = std::make_unique<SideStreams>(cu);
  device->number = ordinal;
  device->major = major;
  device->pools = pools != 0;
  device->multiprocessorCount = multiprocessors;
  device->deviceName = name;
  device->targetName = targetOf(major, minor);
  if (result == 0 && device->targetName.empty())
    return createStringError(
        std::error_code(kCudaNoDevice, cudaCategory()),
        fmt::format("GPU {} ({}) is too old: expected compute capability 8.0 "
                    "or newer, got {}.{}",
                    ordinal, name, major, minor));
  if (result == 0)
    result = cu.DevicePrimaryCtxRetain(&device->context, handle);
  if (Error error =
          cu.check(result, fmt::format("GPU {} cannot be opened", ordinal)))
    return std::move(error);
  return std::shared_ptr<const CudaDevice>(std::move(device));
}

CudaDevice::~CudaDevice() {
  if (!sides || sides->empty())
    return;
  Scope scope(*this);
  sides->clear();
}

int CudaDevice::ordinalOf(CUstream stream) const {
  const CudaDriver &cu = *functions;
  CUcontext its = nullptr, old = nullptr;
  CUdevice device = 0; // devices are numbers
  if (isLegacyDefault(stream) || cu.StreamGetCtx(stream, &its) != 0 ||
      its == context || cu.CtxPushCurrent(its) != 0)
    return number;
  CUresult result = cu.CtxGetDevice(&device);
  cu.CtxPopCurrent(&old);
  return result == 0 ? device : number;
}

bool CudaDevice::isDeviceText(StringRef text) {
  return text == "cuda" || text.starts_with("cuda:");
}

Expected<std::shared_ptr<const CudaDevice>> CudaDevice::parse(StringRef text) {
  int ordinal = 0;
  StringRef number = text;
  if (text != "cuda" &&
      (!number.consume_front("cuda:") || number.getAsInteger(10, ordinal)))
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("device '{}': expected cuda or cuda:NUMBER", text.str()));
  return open(ordinal);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Expected<CudaMemory>
CudaMemory::make(std::shared_ptr<const CudaDevice> device, int64_t bytes,
                 function_ref<CUresult(CUdeviceptr *)> allocate) {
  CudaMemory memory;
  memory.bytes = bytes;
  memory.device = std::move(device);
  if (bytes == 0)
    return memory;
  CudaDevice::Scope scope(*memory.device);
  if (Error error = memory.device->driver().check(
          allocate(&memory.address),
          fmt::format("cannot allocate {} bytes on GPU {}", bytes,
                      memory.device->ordinal())))
    return std::move(error);
  return memory;
}

Expected<CudaMemory>
CudaMemory::allocate(std::shared_ptr<const CudaDevice> device, int64_t bytes) {
  const CudaDriver &cu = device->driver();
  return make(std::move(device), bytes, [&](CUdeviceptr *address) {
    return cu.MemAlloc(address, size_t(bytes));
  });
}

Expected<CudaMemory> CudaMemory::allocateOn(
    CUstream stream, std::shared_ptr<const CudaDevice> device, int64_t bytes) {
  if (!device->hasMemoryPools())
    return allocate(std::move(device), bytes);
  const CudaDriver &cu = device->driver();
  return make(std::move(device), bytes, [&](CUdeviceptr *address) {
    return cu.MemAllocAsync(address, size_t(bytes), stream);
  });
}

CudaMemory::~CudaMemory() {
  if (!address)
    return;
  CudaDevice::Scope scope(*device);
  device->driver().MemFree(address);
}

Error CudaMemory::copyFrom(const void *host) const {
  if (bytes == 0)
    return Error::success();
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  CUresult result = cu.MemcpyHtoD(address, host, size_t(bytes));
  // The driver may return before a small copy has arrived.
  if (result == 0)
    result = cu.StreamSynchronize(nullptr);
  return cu.check(result,
                  fmt::format("cannot copy {} bytes to the GPU", bytes));
}

Error CudaMemory::copyTo(void *host) const {
  if (bytes == 0)
    return Error::success();
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  return cu.check(cu.MemcpyDtoH(host, address, size_t(bytes)),
                  fmt::format("cannot copy {} bytes from the GPU", bytes));
}

} // namespace llsa::rt
