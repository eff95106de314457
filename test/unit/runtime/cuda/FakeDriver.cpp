//===- FakeDriver.cpp - a libcuda without a GPU ---------------------------===//
#include "test/unit/runtime/cuda/FakeDriverState.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace llsa::rt;
using namespace llsa::test::fake;

llsa::test::FakeCuda fakeCuda;
std::mutex llsa::test::fake::mutex;

namespace {

constexpr CUresult kNotFound = 500;

std::map<CUdeviceptr, std::pair<size_t, int>> memory; ///< guarded by mutex

/// The contexts that each thread has pushed; guarded by mutex. No thread_local:
/// LeakSanitizer misreads those of a library that was opened at run time.
std::map<std::thread::id, std::vector<CUcontext>> contexts;

int currentDevice() {
  CUcontext context = currentContext();
  if (context == kAnotherContext)
    return 0;
  return context ? int(reinterpret_cast<uintptr_t>(context)) - 100 : -1;
}

CUresult allocate(CUdeviceptr *address, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  if (currentDevice() < 0)
    return kInvalidContext;
  if (fakeCuda.allocateResult != 0)
    return fakeCuda.allocateResult;
  if (usesUp(fakeCuda.allocationsLeft))
    return kCudaOutOfMemory;
  void *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(data, 0xff, bytes);
  *address = CUdeviceptr(reinterpret_cast<uintptr_t>(data));
  memory[*address] = {bytes, currentDevice()};
  return 0;
}

void *pointer(CUdeviceptr address) {
  return reinterpret_cast<void *>(uintptr_t(address));
}

} // namespace

CUcontext llsa::test::fake::currentContext() {
  auto own = contexts.find(std::this_thread::get_id());
  return own == contexts.end() ? nullptr : own->second.back();
}

bool llsa::test::fake::usesUp(int &left) {
  if (left == 0)
    return true;
  left -= left > 0;
  return false;
}

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
  *context = primaryContext(device);
  return 0;
}
FAKE CUresult cuCtxGetCurrent(CUcontext *context) {
  ++fakeCuda.calls;
  std::lock_guard<std::mutex> lock(mutex);
  *context = currentContext();
  return 0;
}
FAKE CUresult cuCtxGetDevice(CUdevice *device) {
  std::lock_guard<std::mutex> lock(mutex);
  *device = currentDevice();
  return *device < 0 ? kInvalidContext : 0;
}
FAKE CUresult cuCtxPushCurrent_v2(CUcontext context) {
  ++fakeCuda.calls;
  std::lock_guard<std::mutex> lock(mutex);
  contexts[std::this_thread::get_id()].push_back(context);
  return 0;
}
FAKE CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  ++fakeCuda.calls;
  std::lock_guard<std::mutex> lock(mutex);
  auto own = contexts.find(std::this_thread::get_id());
  if (own == contexts.end())
    return kInvalidContext;
  *context = own->second.back();
  own->second.pop_back();
  if (own->second.empty()) // another thread may get this one's id
    contexts.erase(own);
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
// Errors
//===----------------------------------------------------------------------===//

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
