//===- FakeDriver.cpp - a libcuda without a GPU ---------------------------===//
#include "test/unit/runtime/cuda/FakeDriver.h"

#include "runtime/cuda/CudaDriver.h"
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

using namespace llsa::rt;
using llsa::test::FakeCuda;
using llsa::test::FakeLaunch;

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE FakeCuda fakeCuda;
FakeCuda fakeCuda;

namespace {

constexpr CUresult kInvalidValue = 1, kInvalidContext = 201, kNotFound = 500;

std::mutex mutex;
std::map<CUdeviceptr, std::pair<size_t, int>> memory; ///< guarded by mutex
thread_local CUcontext stack[8];
thread_local int depth = 0;

/// The context of device number `ordinal`.
CUcontext contextOf(int ordinal) {
  return reinterpret_cast<CUcontext>(uintptr_t(100 + ordinal));
}

int currentDevice() {
  return depth == 0 ? -1
                    : int(reinterpret_cast<uintptr_t>(stack[depth - 1])) - 100;
}

bool isForeign(CUstream stream) {
  return reinterpret_cast<uintptr_t>(stream) >= fakeCuda.firstForeignStream;
}

CUresult allocate(CUdeviceptr *address, size_t bytes) {
  if (currentDevice() < 0)
    return kInvalidContext;
  if (fakeCuda.allocateResult != 0)
    return fakeCuda.allocateResult;
  if (fakeCuda.allocationsLeft == 0)
    return kCudaOutOfMemory;
  fakeCuda.allocationsLeft -= fakeCuda.allocationsLeft > 0;
  void *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(data, 0xff, bytes);
  *address = CUdeviceptr(reinterpret_cast<uintptr_t>(data));
  std::lock_guard<std::mutex> lock(mutex);
  memory[*address] = {bytes, currentDevice()};
  return 0;
}

void *pointer(CUdeviceptr address) {
  return reinterpret_cast<void *>(uintptr_t(address));
}

} // namespace

FAKE CUresult cuInit(unsigned) { return fakeCuda.initResult; }
FAKE CUresult cuDriverGetVersion(int *version) {
  *version = fakeCuda.version;
  return 0;
}
FAKE CUresult cuDeviceGetCount(int *count) {
  *count = fakeCuda.devices;
  return 0;
}
FAKE CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  *device = ordinal;
  return 0;
}
FAKE CUresult cuDeviceGetName(char *name, int size, CUdevice) {
  std::strncpy(name, "Fake GPU", size_t(size));
  return 0;
}
FAKE CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  *value = attribute == 75    ? fakeCuda.major
           : attribute == 76  ? fakeCuda.minor
           : attribute == 115 ? fakeCuda.pools
           : attribute == 16  ? 4
                              : 0;
  return 0;
}
FAKE CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  *context = contextOf(device);
  return 0;
}
FAKE CUresult cuCtxGetCurrent(CUcontext *context) {
  ++fakeCuda.calls;
  *context = depth == 0 ? nullptr : stack[depth - 1];
  return 0;
}
FAKE CUresult cuCtxPushCurrent_v2(CUcontext context) {
  ++fakeCuda.calls;
  stack[depth++] = context;
  return 0;
}
FAKE CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  ++fakeCuda.calls;
  *context = stack[--depth];
  return 0;
}
FAKE CUresult cuCtxSynchronize() {
  ++fakeCuda.synchronisations;
  return fakeCuda.synchronizeResult;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

FAKE CUresult cuModuleLoadDataEx(CUmodule *module, const void *, unsigned,
                                 int *, void **) {
  ++fakeCuda.loads;
  *module = reinterpret_cast<CUmodule>(uintptr_t(1));
  return fakeCuda.loadResult;
}
FAKE CUresult cuModuleUnload(CUmodule) { return 0; }
FAKE CUresult cuModuleGetFunction(CUfunction *function, CUmodule,
                                  const char *name) {
  // A function is its name.
  static std::mutex mutex;
  static std::set<std::string> names;
  std::lock_guard lock(mutex);
  *function = reinterpret_cast<CUfunction>(
      const_cast<char *>(names.insert(name).first->c_str()));
  return std::strncmp(name, "missing", 7) == 0 ? kNotFound : 0;
}
FAKE CUresult cuFuncLoad(CUfunction) { return 0; }
FAKE CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *ctas, CUfunction,
                                                          int, size_t) {
  *ctas = 2;
  return 0;
}
FAKE CUresult cuFuncSetAttribute(CUfunction, int, int value) {
  return value > 227 * 1024 ? kInvalidValue : 0;
}
FAKE CUresult cuLinkCreate_v2(unsigned count, int *options, void **values,
                              CUlinkState *state) {
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == 3)
      std::strcpy(static_cast<char *>(values[i]), fakeCuda.linkInfo);
    if (options[i] == 5)
      std::strcpy(static_cast<char *>(values[i]), fakeCuda.linkErrors);
  }
  *state = reinterpret_cast<CUlinkState>(uintptr_t(1));
  return 0;
}
FAKE CUresult cuLinkAddData_v2(CUlinkState, int, void *, size_t, const char *,
                               unsigned, int *, void **) {
  return 0;
}
FAKE CUresult cuLinkComplete(CUlinkState, void **cubin, size_t *bytes) {
  static char code[] = "fake cubin";
  std::lock_guard<std::mutex> lock(mutex); // kernels are assembled on threads
  ++fakeCuda.links;
  *cubin = code;
  *bytes = sizeof code - 1;
  return fakeCuda.linkResult;
}
FAKE CUresult cuLinkDestroy(CUlinkState) { return 0; }
FAKE CUresult cuLaunchKernelEx(const CUlaunchConfig *config,
                               CUfunction function, void **params, void **) {
  ++fakeCuda.calls;
  if (isForeign(config->stream))
    return kCudaInvalidHandle;
  if (fakeCuda.launchResult != 0)
    return fakeCuda.launchResult;
  std::lock_guard<std::mutex> lock(mutex);
  if (fakeCuda.launchesLeft == 0)
    return kCudaOutOfMemory;
  fakeCuda.launchesLeft -= fakeCuda.launchesLeft > 0;
  FakeLaunch &launch = fakeCuda.launches[fakeCuda.numLaunches++ % 64];
  launch = {};
  std::strncpy(launch.kernel, reinterpret_cast<const char *>(function), 31);
  launch.ctas = config->gridDimX;
  launch.threads = config->blockDimX;
  launch.sharedBytes = config->sharedMemBytes;
  launch.stream = config->stream;
  for (unsigned i = 0; i < config->numAttrs; ++i)
    launch.dependent |=
        config->attrs[i].id == 6 && config->attrs[i].value.number == 1;
  int count = std::strcmp(launch.kernel, "fake_mean") == 0     ? 5
              : std::strcmp(launch.kernel, "fake_spread") == 0 ? 12
                                                               : 0;
  count += fakeCuda.views;
  for (int i = 0; i < count; ++i)
    std::memcpy(&launch.params[i], params[i], sizeof(int64_t));
  return 0;
}

FAKE CUresult cuTensorMapEncodeTiled(CUtensorMap *map, int, unsigned,
                                     void *address, const uint64_t *,
                                     const uint64_t *, const uint32_t *,
                                     const uint32_t *, int, int, int, int) {
  ++fakeCuda.calls;
  ++fakeCuda.encodings;
  map->opaque[0] = reinterpret_cast<uintptr_t>(address);
  return 0;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

FAKE CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  ++fakeCuda.allocations;
  return allocate(address, bytes);
}
FAKE CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream) {
  ++fakeCuda.poolAllocations;
  return allocate(address, bytes);
}
FAKE CUresult cuMemFree_v2(CUdeviceptr address) {
  ++fakeCuda.frees;
  std::lock_guard<std::mutex> lock(mutex);
  memory.erase(address);
  std::free(pointer(address));
  return 0;
}
FAKE CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
  *available = *total = size_t(80) << 30;
  return 0;
}
FAKE CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  std::memcpy(pointer(to), from, bytes);
  return 0;
}
FAKE CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  std::memcpy(to, pointer(from), bytes);
  return 0;
}
FAKE CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from,
                                   size_t bytes, CUstream) {
  ++fakeCuda.copies;
  std::memcpy(pointer(to), pointer(from), bytes);
  return 0;
}
FAKE CUresult cuMemcpy2DAsync_v2(const CUmemcpy2D *copy, CUstream) {
  ++fakeCuda.copies;
  if (copy->srcPitch < copy->widthInBytes ||
      copy->dstPitch < copy->widthInBytes)
    return kInvalidValue;
  for (size_t y = 0; y < copy->height; ++y)
    std::memcpy(pointer(copy->dstDevice + y * copy->dstPitch),
                pointer(copy->srcDevice + y * copy->srcPitch),
                copy->widthInBytes);
  return 0;
}
FAKE CUresult cuPointerGetAttributes(unsigned count, int *attributes,
                                     void **values, CUdeviceptr address) {
  ++fakeCuda.calls;
  ++fakeCuda.attributes;
  std::lock_guard<std::mutex> lock(mutex);
  auto next = memory.upper_bound(address);
  bool known = next != memory.begin();
  if (known) {
    --next;
    known = address < next->first + next->second.first;
  }
  for (unsigned i = 0; i < count; ++i) {
    int value = 0;
    if (attributes[i] == 2)
      value = known ? 2 : 0;
    if (attributes[i] == 9)
      value = known ? next->second.second : -2;
    std::memcpy(values[i], &value, sizeof value);
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Streams, events, errors
//===----------------------------------------------------------------------===//

FAKE CUresult cuStreamCreate(CUstream *stream, unsigned) {
  static uintptr_t next = 10;
  *stream = reinterpret_cast<CUstream>(next++);
  return 0;
}
FAKE CUresult cuStreamDestroy_v2(CUstream) { return 0; }
FAKE CUresult cuStreamGetCtx(CUstream stream, CUcontext *context) {
  *context = isForeign(stream) ? contextOf(1) : contextOf(0);
  return 0;
}
FAKE CUresult cuStreamGetId(CUstream stream, unsigned long long *id) {
  ++fakeCuda.calls;
  if (fakeCuda.capturing)
    return 900; // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, as the real one
  *id = reinterpret_cast<uintptr_t>(stream);
  return 0;
}
FAKE CUresult cuStreamIsCapturing(CUstream, int *status) {
  ++fakeCuda.calls;
  *status = fakeCuda.capturing ? 1 : 0;
  return 0;
}
FAKE CUresult cuStreamSynchronize(CUstream) {
  ++fakeCuda.synchronisations;
  return fakeCuda.synchronizeResult;
}
FAKE CUresult cuStreamBeginCapture_v2(CUstream, int) {
  fakeCuda.capturing = true;
  return 0;
}
FAKE CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  fakeCuda.capturing = false;
  *graph = reinterpret_cast<CUgraph>(uintptr_t(1));
  return 0;
}
FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph,
                                          unsigned long long) {
  *executable = reinterpret_cast<CUgraphExec>(uintptr_t(1));
  return 0;
}
FAKE CUresult cuGraphLaunch(CUgraphExec, CUstream) { return 0; }
FAKE CUresult cuGraphExecDestroy(CUgraphExec) { return 0; }
FAKE CUresult cuGraphDestroy(CUgraph) { return 0; }
FAKE CUresult cuEventCreate(CUevent *event, unsigned) {
  *event = reinterpret_cast<CUevent>(uintptr_t(1));
  return 0;
}
FAKE CUresult cuEventDestroy_v2(CUevent) { return 0; }
FAKE CUresult cuEventRecord(CUevent, CUstream) { return 0; }
FAKE CUresult cuEventSynchronize(CUevent) { return fakeCuda.synchronizeResult; }
FAKE CUresult cuEventElapsedTime(float *milliseconds, CUevent, CUevent) {
  *milliseconds = 1.5f;
  return 0;
}
FAKE CUresult cuGetErrorName(CUresult result, const char **name) {
  static const std::map<CUresult, const char *> kNames = {
      {1, "CUDA_ERROR_INVALID_VALUE"},
      {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {218, "CUDA_ERROR_INVALID_PTX"},
      {221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"},
      {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
      {400, "CUDA_ERROR_INVALID_HANDLE"},
      {500, "CUDA_ERROR_NOT_FOUND"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}};
  auto found = kNames.find(result);
  *name = found == kNames.end() ? nullptr : found->second;
  return found == kNames.end() ? kInvalidValue : 0;
}
FAKE CUresult cuGetErrorString(CUresult, const char **text) {
  *text = "a fake's text";
  return 0;
}
