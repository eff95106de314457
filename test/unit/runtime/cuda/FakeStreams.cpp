//===- FakeStreams.cpp - what is launched, and in which order -------------===//
#include "test/unit/runtime/cuda/FakeDriverState.h"

#include <cstring>
#include <map>
#include <thread>
#include <utility>
#include <vector>

using namespace llsa::rt;
using namespace llsa::test::fake;
using llsa::test::FakeLaunch;

namespace {

/// The context that a stream, which is not the default one, belongs to.
CUcontext contextOf(CUstream stream) {
  uintptr_t number = reinterpret_cast<uintptr_t>(stream);
  if (number >= fakeCuda.firstOfAnotherContext)
    return kAnotherContext;
  return primaryContext(number >= fakeCuda.firstForeignStream ? 1 : 0);
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

} // namespace

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Streams, captures, graphs, events
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
