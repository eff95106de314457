//===- CudaDriver.cpp - NVIDIA's driver, opened at run time ---------------===//
#include "runtime/cuda/CudaDriver.h"

#include "runtime/support/Env.h"
#include <atomic>
#include <fmt/format.h>
#include <mutex>

using namespace llvm;

namespace llsa::rt {

static Error noDevice(const std::string &message) {
  return createStringError(std::error_code(kCudaNoDevice, cudaCategory()),
                           message);
}

static void loadFunctions(SharedLibrary &library, CudaDriver &driver) {
  auto load = [&](auto &function, const char *name) {
    library.load(function, name);
  };
  // The names behind the macros of cuda.h.
  load(driver.Init, "cuInit");
  load(driver.DriverGetVersion, "cuDriverGetVersion");
  load(driver.DeviceGetCount, "cuDeviceGetCount");
  load(driver.DeviceGet, "cuDeviceGet");
  load(driver.DeviceGetName, "cuDeviceGetName");
  load(driver.DeviceGetAttribute, "cuDeviceGetAttribute");
  load(driver.DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  load(driver.CtxGetCurrent, "cuCtxGetCurrent");
  load(driver.CtxGetDevice, "cuCtxGetDevice");
  load(driver.CtxPushCurrent, "cuCtxPushCurrent_v2");
  load(driver.CtxPopCurrent, "cuCtxPopCurrent_v2");
  load(driver.CtxSynchronize, "cuCtxSynchronize");
  load(driver.ModuleLoadDataEx, "cuModuleLoadDataEx");
  load(driver.ModuleUnload, "cuModuleUnload");
  load(driver.ModuleGetFunction, "cuModuleGetFunction");
  load(driver.FuncLoad, "cuFuncLoad");
  load(driver.OccupancyMaxActiveBlocksPerMultiprocessor,
       "cuOccupancyMaxActiveBlocksPerMultiprocessor");
  load(driver.FuncSetAttribute, "cuFuncSetAttribute");
  load(driver.LinkCreate, "cuLinkCreate_v2");
  load(driver.LinkAddData, "cuLinkAddData_v2");
  load(driver.LinkComplete, "cuLinkComplete");
  load(driver.LinkDestroy, "cuLinkDestroy");
  load(driver.LaunchKernelEx, "cuLaunchKernelEx");
  load(driver.TensorMapEncodeTiled, "cuTensorMapEncodeTiled");
  load(driver.MemAlloc, "cuMemAlloc_v2");
  load(driver.MemAllocAsync, "cuMemAllocAsync");
  load(driver.MemFree, "cuMemFree_v2");
  load(driver.MemGetInfo, "cuMemGetInfo_v2");
  load(driver.MemcpyHtoD, "cuMemcpyHtoD_v2");
  load(driver.MemcpyDtoH, "cuMemcpyDtoH_v2");
  load(driver.MemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2");
  load(driver.Memcpy2DAsync, "cuMemcpy2DAsync_v2");
  load(driver.PointerGetAttributes, "cuPointerGetAttributes");
  load(driver.StreamCreate, "cuStreamCreate");
  load(driver.StreamDestroy, "cuStreamDestroy_v2");
  load(driver.StreamGetCtx, "cuStreamGetCtx");
  load(driver.StreamGetId, "cuStreamGetId");
  load(driver.StreamIsCapturing, "cuStreamIsCapturing");
  load(driver.StreamSynchronize, "cuStreamSynchronize");
  load(driver.StreamWaitEvent, "cuStreamWaitEvent");
  load(driver.StreamGetPriority, "cuStreamGetPriority");
  load(driver.CtxGetStreamPriorityRange, "cuCtxGetStreamPriorityRange");
  load(driver.StreamBeginCapture, "cuStreamBeginCapture_v2");
  load(driver.StreamEndCapture, "cuStreamEndCapture");
  load(driver.GraphInstantiate, "cuGraphInstantiateWithFlags");
  load(driver.GraphLaunch, "cuGraphLaunch");
  load(driver.GraphExecDestroy, "cuGraphExecDestroy");
  load(driver.GraphDestroy, "cuGraphDestroy");
  load(driver.EventCreate, "cuEventCreate");
  load(driver.EventDestroy, "cuEventDestroy_v2");
  load(driver.EventRecord, "cuEventRecord");
  load(driver.EventSynchronize, "cuEventSynchronize");
  load(driver.EventElapsedTime, "cuEventElapsedTime");
  load(driver.GetErrorName, "cuGetErrorName");
  load(driver.GetErrorString, "cuGetErrorString");
  library.loadIfThere(driver.StreamGetCaptureInfo, "cuStreamGetCaptureInfo_v3");
  library.loadIfThere(driver.StreamUpdateCaptureDependencies,
                      "cuStreamUpdateCaptureDependencies_v2");
  library.loadIfThere(driver.GraphKernelNodeGetAttribute,
                      "cuGraphKernelNodeGetAttribute");
  library.loadIfThere(driver.GraphKernelNodeSetAttribute,
                      "cuGraphKernelNodeSetAttribute");
  library.loadIfThere(driver.GraphCreate, "cuGraphCreate");
  library.loadIfThere(driver.GraphAddKernelNode, "cuGraphAddKernelNode_v2");
  library.loadIfThere(driver.GraphExecKernelNodeSetParams,
                      "cuGraphExecKernelNodeSetParams_v2");
  library.loadIfThere(driver.ThreadExchangeStreamCaptureMode,
                      "cuThreadExchangeStreamCaptureMode");
}

Expected<CudaDriver> CudaDriver::open(const std::string &path) {
  Expected<SharedLibrary> library = SharedLibrary::open(path);
  if (!library)
    return noDevice(fmt::format("no NVIDIA driver: expected {}, but {}", path,
                                toString(library.takeError())));
  CudaDriver driver{};
  loadFunctions(*library, driver);
  // The version first: it explains why a function is not there.
  int version = 0, count = 0;
  if (driver.DriverGetVersion && driver.DriverGetVersion(&version) == 0)
    driver.version = {version / 1000, version % 1000 / 10};
  if (version != 0 && driver.version < kOldestCuda)
    return noDevice(fmt::format(
        "the driver is too old: it is that of CUDA {}, expected {} or newer",
        driver.version.str(), kOldestCuda.str()));
  if (!library->missing().empty())
    return noDevice(
        fmt::format("the driver in {} has no function {}: expected the driver "
                    "of CUDA {} or newer",
                    path, library->missing(), kOldestCuda.str()));
  CUresult result = driver.Init(0);
  if (result == 0)
    result = driver.DeviceGetCount(&count);
  if (result == kCudaNoDevice || (result == 0 && count == 0))
    return noDevice("no GPU: the NVIDIA driver finds no device");
  if (Error error = driver.check(result, "the NVIDIA driver cannot start"))
    return std::move(error);
  return driver;
}

Expected<const CudaDriver *> CudaDriver::get() {
  static std::mutex mutex;
  static std::atomic<const CudaDriver *> opened{nullptr};
  if (const CudaDriver *driver = opened)
    return driver;
  std::lock_guard<std::mutex> lock(mutex);
  if (!opened) {
    Expected<CudaDriver> driver = open(env::cudaDriver());
    if (!driver)
      return driver.takeError();
    // Stays: kernels may outlive everything else.
    opened = new CudaDriver(std::move(*driver));
  }
  return opened.load();
}

const std::error_category &cudaCategory() {
  struct Category : std::error_category {
    const char *name() const noexcept override { return "cuda"; }
    std::string message(int value) const override {
      return fmt::format("CUDA error {}", value);
    }
  };
  static const Category kCategory;
  return kCategory;
}

Error CudaDriver::check(CUresult result, const Twine &what) const {
  if (result == 0)
    return Error::success();
  const char *name = nullptr, *text = nullptr;
  if (GetErrorName(result, &name) != 0 || !name)
    name = "unknown error";
  if (GetErrorString(result, &text) != 0 || !text)
    text = "no description";
  std::error_code code =
      result == kCudaOutOfMemory
          ? std::make_error_code(std::errc::not_enough_memory)
          : std::error_code(result, cudaCategory());
  return createStringError(
      code, fmt::format("{}: {} ({}, {})", what.str(), name, result, text));
}

} // namespace llsa::rt
