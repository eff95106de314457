//===- CudaDriver.cpp - NVIDIA's driver, opened at run time ---------------===//
#include "runtime/cuda/CudaDriver.h"

#include "runtime/support/Env.h"
#include <dlfcn.h>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

namespace {

/// CUDA 12.9, whose driver takes PTX 8.8.
constexpr int kOldestVersion = 12090;
constexpr CUresult kOutOfMemory = 2, kNoDevice = 100;

std::string versionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

/// What get() gives: the table, or the message why there is none.
struct Opened {
  CudaDriver driver{};
  std::string problem;
};

/// Loads every function; false and the name of the first that is not there.
bool loadFunctions(void *library, CudaDriver &driver, std::string &missing) {
  auto load = [&](auto &function, const char *name) {
    if (!missing.empty())
      return;
    void *address = dlsym(library, name);
    if (!address)
      missing = name;
    function = reinterpret_cast<std::decay_t<decltype(function)>>(address);
  };
  // The names behind the macros of cuda.h.
  load(driver.Init, "cuInit");
  load(driver.DriverGetVersion, "cuDriverGetVersion");
  load(driver.DeviceGetCount, "cuDeviceGetCount");
  load(driver.DeviceGet, "cuDeviceGet");
  load(driver.DeviceGetName, "cuDeviceGetName");
  load(driver.DeviceGetAttribute, "cuDeviceGetAttribute");
  load(driver.DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  load(driver.CtxPushCurrent, "cuCtxPushCurrent_v2");
  load(driver.CtxPopCurrent, "cuCtxPopCurrent_v2");
  load(driver.CtxSynchronize, "cuCtxSynchronize");
  load(driver.ModuleLoadDataEx, "cuModuleLoadDataEx");
  load(driver.ModuleUnload, "cuModuleUnload");
  load(driver.ModuleGetFunction, "cuModuleGetFunction");
  load(driver.FuncSetAttribute, "cuFuncSetAttribute");
  load(driver.LaunchKernel, "cuLaunchKernel");
  load(driver.MemAlloc, "cuMemAlloc_v2");
  load(driver.MemFree, "cuMemFree_v2");
  load(driver.MemcpyHtoD, "cuMemcpyHtoD_v2");
  load(driver.MemcpyDtoH, "cuMemcpyDtoH_v2");
  load(driver.PointerGetAttribute, "cuPointerGetAttribute");
  load(driver.StreamIsCapturing, "cuStreamIsCapturing");
  load(driver.EventCreate, "cuEventCreate");
  load(driver.EventDestroy, "cuEventDestroy_v2");
  load(driver.EventRecord, "cuEventRecord");
  load(driver.EventSynchronize, "cuEventSynchronize");
  load(driver.EventElapsedTime, "cuEventElapsedTime");
  load(driver.StreamCreate, "cuStreamCreate");
  load(driver.StreamDestroy, "cuStreamDestroy_v2");
  load(driver.StreamSynchronize, "cuStreamSynchronize");
  load(driver.StreamBeginCapture, "cuStreamBeginCapture_v2");
  load(driver.StreamEndCapture, "cuStreamEndCapture");
  load(driver.GraphInstantiate, "cuGraphInstantiateWithFlags");
  load(driver.GraphLaunch, "cuGraphLaunch");
  load(driver.GraphExecDestroy, "cuGraphExecDestroy");
  load(driver.GraphDestroy, "cuGraphDestroy");
  load(driver.MemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2");
  load(driver.GetErrorName, "cuGetErrorName");
  load(driver.GetErrorString, "cuGetErrorString");
  return missing.empty();
}

Opened open() {
  Opened opened;
  std::string path = env::cudaDriver();
  // Stays open: kernels may outlive everything else.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    opened.problem = fmt::format(
        "no NVIDIA driver: expected {}, but {}", path, dlerror());
    return opened;
  }
  std::string missing;
  if (!loadFunctions(library, opened.driver, missing)) {
    opened.problem =
        fmt::format("the driver in {} has no function {}: expected the driver "
                    "of CUDA {} or newer",
                    path, missing, versionText(kOldestVersion));
    return opened;
  }
  int version = 0, count = 0;
  CUresult result = opened.driver.Init(0);
  if (result == 0)
    result = opened.driver.DriverGetVersion(&version);
  if (result == 0 && version < kOldestVersion) {
    opened.problem = fmt::format(
        "the driver is too old: it is that of CUDA {}, expected {} or newer",
        versionText(version), versionText(kOldestVersion));
    return opened;
  }
  if (result == 0)
    result = opened.driver.DeviceGetCount(&count);
  if (result == kNoDevice || (result == 0 && count == 0))
    opened.problem = "no GPU: the NVIDIA driver finds no device";
  else if (result != 0)
    opened.problem = toString(
        opened.driver.check(result, "the NVIDIA driver cannot start"));
  return opened;
}

} // namespace

Expected<const CudaDriver *> CudaDriver::get() {
  static const Opened kOpened = open();
  if (!kOpened.problem.empty())
    return createStringError(inconvertibleErrorCode(), kOpened.problem);
  return &kOpened.driver;
}

Error CudaDriver::check(CUresult result, const Twine &what) const {
  if (result == 0)
    return Error::success();
  const char *name = nullptr, *text = nullptr;
  if (GetErrorName(result, &name) != 0 || !name)
    name = "unknown error";
  if (GetErrorString(result, &text) != 0 || !text)
    text = "no description";
  std::error_code code = result == kOutOfMemory
                             ? std::make_error_code(std::errc::not_enough_memory)
                             : inconvertibleErrorCode();
  return createStringError(
      code, fmt::format("{}: {} ({}, {})", what.str(), name, result, text));
}

} // namespace llsa::rt
