//===- FakeDriver.cpp - a libcuda without a GPU ---------------------------===//
#include "test/unit/runtime/cuda/FakeDriver.h"

#include "runtime/cuda/CudaDriver.h"
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

/// The contexts that each thread has pushed; guarded by mutex. No thread_local:
/// LeakSanitizer misreads those of a library that was opened at run time.
std::map<std::thread::id, std::vector<CUcontext>> contexts;

/// The primary context of device number `ordinal`, and another one of GPU 0.
CUcontext contextOf(int ordinal) {
  return reinterpret_cast<CUcontext>(uintptr_t(100 + ordinal));
}
const CUcontext kAnotherContext = reinterpret_cast<CUcontext>(uintptr_t(99));

/// The mutex must be held.
CUcontext currentContext() {
  auto own = contexts.find(std::this_thread::get_id());
  return own == contexts.end() ? nullptr : own->second.back();
}

int currentDevice() {
  CUcontext context = currentContext();
  if (context == kAnotherContext)
    return 0;
  return context ? int(reinterpret_cast<uintptr_t>(context)) - 100 : -1;
}

/// The context that a stream, which is not the default one, belongs to.
CUcontext contextOf(CUstream stream) {
  uintptr_t number = reinterpret_cast<uintptr_t>(stream);
  if (number >= fakeCuda.firstOfAnotherContext)
    return kAnotherContext;
  return contextOf(number >= fakeCuda.firstForeignStream ? 1 : 0);
}

/// Whether it is another one than the current one.
bool isForeign(CUstream stream) {
  std::lock_guard<std::mutex> lock(mutex);
  return reinterpret_cast<uintptr_t>(stream) > 2 &&
         contextOf(stream) != currentContext();
}

/// What is ordered how; guarded by mutex. Sets of launches are bits.
struct Orders {
  std::map<CUstream, uint64_t> streams; ///< what a next launch follows
  std::map<CUevent, uint64_t> events;
  /// By captured stream: the nodes that a next launch depends on. A node's
  /// handle is its launch's number plus 1.
  std::map<CUstream, std::vector<CUgraphNode>> captures;
};
Orders &orders() {
  static Orders orders;
  if (!std::exchange(fakeCuda.hasOrders, true))
    orders = Orders();
  return orders;
}

bool isCaptured(CUstream stream) {
  return fakeCuda.capturing &&
         (!fakeCuda.captured || fakeCuda.captured == stream);
}

/// Graphs that are made node by node; guarded by mutex. A node's handle is
/// kFirstNode plus its number among all.
constexpr uintptr_t kFirstNode = 1 << 16;
struct FakeNode {
  CUgraph graph;
  std::vector<CUgraphNode> before;
  FakeLaunch launch; ///< as it will be
};
std::vector<FakeNode> graphNodes;
std::map<CUgraphExec, std::map<uintptr_t, FakeNode>> executables;

bool isOfAGraph(CUgraphNode node) {
  return reinterpret_cast<uintptr_t>(node) >= kFirstNode;
}
uintptr_t numberOf(CUgraphNode node) {
  return reinterpret_cast<uintptr_t>(node) - kFirstNode;
}

FakeLaunch &launchOf(CUgraphNode node) {
  if (isOfAGraph(node))
    return graphNodes[numberOf(node)].launch;
  return fakeCuda.launches[(reinterpret_cast<uintptr_t>(node) - 1) % 64];
}

/// What the launch number `i` follows; it is the last one on its stream now.
uint64_t putOn(CUstream stream, int i) {
  uint64_t bit = uint64_t(1) << (i % 64);
  if (!isCaptured(stream)) {
    uint64_t &all = orders().streams[stream];
    uint64_t before = all;
    all |= bit;
    return before;
  }
  std::vector<CUgraphNode> &nodes = orders().captures[stream];
  uint64_t before = 0;
  for (CUgraphNode node : nodes)
    before |= launchOf(node).follows |
              uint64_t(1) << ((reinterpret_cast<uintptr_t>(node) - 1) % 64);
  nodes = {reinterpret_cast<CUgraphNode>(uintptr_t(i + 1))};
  return before;
}

/// The first parameters of a kernel of the tests.
void readParams(FakeLaunch &launch, void **params) {
  int count = std::strcmp(launch.kernel, "fake_mean") == 0     ? 5
              : std::strcmp(launch.kernel, "fake_spread") == 0 ? 12
                                                               : 0;
  count += fakeCuda.views;
  for (int i = 0; i < count; ++i)
    std::memcpy(&launch.params[i], params[i], sizeof(int64_t));
}

/// Counts down to a failure.
bool usesUp(int &left) {
  if (left == 0)
    return true;
  left -= left > 0;
  return false;
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
FAKE CUresult cuLaunchKernelEx(const CUlaunchConfig *config,
                               CUfunction function, void **params, void **) {
  ++fakeCuda.calls;
  if (isForeign(config->stream))
    return kCudaInvalidHandle;
  if (fakeCuda.launchResult != 0)
    return fakeCuda.launchResult;
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.launchesLeft))
    return kCudaOutOfMemory;
  int number = fakeCuda.numLaunches++;
  FakeLaunch &launch = fakeCuda.launches[number % 64];
  launch = {};
  launch.follows = putOn(config->stream, number);
  std::strncpy(launch.kernel, reinterpret_cast<const char *>(function), 31);
  launch.ctas = config->gridDimX;
  launch.threads = config->blockDimX;
  launch.sharedBytes = config->sharedMemBytes;
  launch.stream = config->stream;
  launch.priority = FakeLaunch::kNoPriority;
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    launch.dependent |=
        config->attrs[i].id == 6 && config->attrs[i].value.number == 1;
    if (config->attrs[i].id == 8)
      launch.priority = config->attrs[i].value.number;
  }
  readParams(launch, params);
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
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.streamsLeft))
    return kCudaOutOfMemory;
  ++fakeCuda.streams;
  *stream = reinterpret_cast<CUstream>(next++);
  return 0;
}
FAKE CUresult cuStreamDestroy_v2(CUstream) {
  ++fakeCuda.destroyedStreams;
  return 0;
}
FAKE CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  ++fakeCuda.calls;
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.waitsLeft))
    return kCudaOutOfMemory;
  orders().streams[stream] |= orders().events[event];
  return 0;
}
FAKE CUresult cuStreamGetPriority(CUstream stream, int *priority) {
  ++fakeCuda.calls;
  *priority = fakeCuda.streamPriority;
  return isCaptured(stream) ? 900 : 0;
}
FAKE CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  ++fakeCuda.calls;
  *least = 0;
  *greatest = -5;
  return 0;
}
FAKE CUresult cuStreamGetCaptureInfo_v3(CUstream stream, int *status,
                                        unsigned long long *, CUgraph *,
                                        const CUgraphNode **nodes,
                                        const CUgraphEdgeData **edges,
                                        size_t *count) {
  std::lock_guard<std::mutex> lock(mutex);
  *status = isCaptured(stream);
  std::vector<CUgraphNode> &found = orders().captures[stream];
  *nodes = found.data();
  *edges = nullptr;
  *count = found.size();
  return 0;
}
FAKE CUresult cuStreamUpdateCaptureDependencies_v2(CUstream stream,
                                                   CUgraphNode *nodes,
                                                   const CUgraphEdgeData *,
                                                   size_t count, unsigned) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!isCaptured(stream))
    return 401; // CUDA_ERROR_ILLEGAL_STATE
  orders().captures[stream].assign(nodes, nodes + count);
  return 0;
}
FAKE CUresult cuGraphKernelNodeGetAttribute(CUgraphNode node, int attribute,
                                            CUlaunchAttributeValue *value) {
  std::lock_guard<std::mutex> lock(mutex);
  int own = launchOf(node).priority;
  value->number =
      own == FakeLaunch::kNoPriority ? fakeCuda.streamPriority : own;
  return attribute == 8 ? 0 : kInvalidValue;
}
FAKE CUresult cuGraphKernelNodeSetAttribute(
    CUgraphNode node, int attribute, const CUlaunchAttributeValue *value) {
  std::lock_guard<std::mutex> lock(mutex);
  launchOf(node).priority = value->number;
  return attribute == 8 ? 0 : kInvalidValue;
}
FAKE CUresult cuStreamGetCtx(CUstream stream, CUcontext *context) {
  ++fakeCuda.calls;
  *context = contextOf(stream);
  return 0;
}
FAKE CUresult cuStreamGetId(CUstream stream, unsigned long long *id) {
  ++fakeCuda.calls;
  if (isCaptured(stream))
    return 900; // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, as the real one
  *id = reinterpret_cast<uintptr_t>(stream);
  return 0;
}
FAKE CUresult cuStreamIsCapturing(CUstream stream, int *status) {
  ++fakeCuda.calls;
  *status = isCaptured(stream) ? 1 : 0;
  return 0;
}
FAKE CUresult cuStreamSynchronize(CUstream) {
  ++fakeCuda.synchronisations;
  return fakeCuda.synchronizeResult;
}
FAKE CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  std::lock_guard<std::mutex> lock(mutex);
  orders().captures[stream].clear();
  fakeCuda.captured = stream;
  fakeCuda.capturing = true;
  return 0;
}
FAKE CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  fakeCuda.capturing = false;
  *graph = reinterpret_cast<CUgraph>(uintptr_t(1));
  return 0;
}
FAKE CUresult cuThreadExchangeStreamCaptureMode(int *mode) {
  // It starts as global, and is given back as it was.
  std::lock_guard<std::mutex> lock(mutex);
  static std::map<std::thread::id, int> modes;
  std::swap(modes[std::this_thread::get_id()], *mode);
  return 0;
}
FAKE CUresult cuGraphCreate(CUgraph *graph, unsigned) {
  static uintptr_t next = 2; // 1: a captured one
  std::lock_guard<std::mutex> lock(mutex);
  *graph = reinterpret_cast<CUgraph>(next++);
  return 0;
}
FAKE CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph,
                                      const CUgraphNode *before, size_t count,
                                      const CUkernelNodeParams *params) {
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.nodesLeft))
    return kCudaOutOfMemory;
  *node = reinterpret_cast<CUgraphNode>(kFirstNode + graphNodes.size());
  FakeNode &made = graphNodes.emplace_back();
  made.graph = graph;
  made.before.assign(before, before + count);
  made.launch = {};
  std::strncpy(made.launch.kernel,
               reinterpret_cast<const char *>(params->function), 31);
  made.launch.ctas = params->gridDimX;
  made.launch.threads = params->blockDimX;
  made.launch.sharedBytes = params->sharedMemBytes;
  made.launch.priority = FakeLaunch::kNoPriority;
  readParams(made.launch, params->kernelParams);
  return 0;
}
FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable,
                                          CUgraph graph,
                                          unsigned long long flags) {
  static uintptr_t next = 2;
  std::lock_guard<std::mutex> lock(mutex);
  *executable = reinterpret_cast<CUgraphExec>(uintptr_t(1));
  if (graph == reinterpret_cast<CUgraph>(uintptr_t(1)))
    return 0;
  *executable = reinterpret_cast<CUgraphExec>(next++);
  for (uintptr_t i = 0; i < graphNodes.size(); ++i)
    if (graphNodes[i].graph == graph)
      executables[*executable][i] = graphNodes[i];
  ++fakeCuda.graphs;
  fakeCuda.graphFlags = flags;
  return 0;
}
FAKE CUresult
cuGraphExecKernelNodeSetParams_v2(CUgraphExec executable, CUgraphNode node,
                                  const CUkernelNodeParams *params) {
  ++fakeCuda.calls;
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.nodesLeft))
    return kCudaOutOfMemory;
  ++fakeCuda.nodeChanges;
  readParams(executables[executable].at(numberOf(node)).launch,
             params->kernelParams);
  return 0;
}
FAKE CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  ++fakeCuda.calls;
  if (isForeign(stream))
    return kCudaInvalidHandle;
  if (fakeCuda.launchResult != 0)
    return fakeCuda.launchResult;
  std::lock_guard<std::mutex> lock(mutex);
  auto found = executables.find(executable);
  if (found == executables.end())
    return 0; // captured
  ++fakeCuda.graphLaunches;
  uint64_t before = orders().streams[stream], all = before;
  std::map<uintptr_t, uint64_t> ends; // a node, and all that it follows
  for (auto &[number, node] : found->second) {
    int i = fakeCuda.numLaunches++;
    FakeLaunch &launch = fakeCuda.launches[i % 64] = node.launch;
    launch.stream = stream;
    launch.follows = before;
    for (CUgraphNode earlier : node.before)
      launch.follows |= ends[numberOf(earlier)];
    ends[number] = launch.follows | uint64_t(1) << (i % 64);
    all |= ends[number];
  }
  orders().streams[stream] = all;
  return 0;
}
FAKE CUresult cuGraphExecDestroy(CUgraphExec executable) {
  std::lock_guard<std::mutex> lock(mutex);
  fakeCuda.destroyedGraphs += int(executables.erase(executable));
  return 0;
}
FAKE CUresult cuGraphDestroy(CUgraph) { return 0; }
FAKE CUresult cuEventCreate(CUevent *event, unsigned) {
  static uintptr_t next = 1;
  std::lock_guard<std::mutex> lock(mutex);
  ++fakeCuda.events;
  *event = reinterpret_cast<CUevent>(next++);
  return 0;
}
FAKE CUresult cuEventDestroy_v2(CUevent) {
  ++fakeCuda.destroyedEvents;
  return 0;
}
FAKE CUresult cuEventRecord(CUevent event, CUstream stream) {
  ++fakeCuda.calls;
  if (isForeign(stream))
    return kCudaInvalidHandle;
  std::lock_guard<std::mutex> lock(mutex);
  if (usesUp(fakeCuda.recordsLeft))
    return kCudaOutOfMemory;
  ++fakeCuda.eventRecords;
  orders().events[event] = orders().streams[stream];
  return 0;
}
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
