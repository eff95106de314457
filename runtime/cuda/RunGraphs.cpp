//===- RunGraphs.cpp - all launches of a run as one -----------------------===//
#include "runtime/cuda/RunGraphs.h"

#include "runtime/cuda/SideStreams.h"
#include "runtime/cuda/StreamId.h"
#include "runtime/support/Log.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include <cstring>

using namespace llvm;

namespace llsa::rt {

// CUstreamCaptureMode.
static constexpr int kCaptureRelaxed = 2;

static CUkernelNodeParams kernelNode(const RunGraphs::Node &node,
                                     ArrayRef<void *> pointers) {
  CUkernelNodeParams params{};
  params.function = node.function;
  params.gridDimX = node.ctas;
  params.blockDimX = node.threads;
  params.gridDimY = params.gridDimZ = params.blockDimY = params.blockDimZ = 1;
  params.sharedMemBytes = node.sharedBytes;
  params.kernelParams = const_cast<void **>(pointers.data());
  return params;
}

SmallVector<void *, 40> LaunchArguments::pointers() {
  SmallVector<void *, 40> all;
  for (int64_t &value : values)
    all.push_back(&value);
  for (CUtensorMap &map : maps)
    all.push_back(&map);
  return all;
}

bool LaunchArguments::operator==(const LaunchArguments &other) const {
  return values == other.values && maps.size() == other.maps.size() &&
         (maps.empty() || std::memcmp(maps.data(), other.maps.data(),
                                      maps.size() * sizeof(maps[0])) == 0);
}

bool RunGraphs::areKnownTo(const CudaDriver &driver) {
  return driver.GraphCreate && driver.GraphAddKernelNode &&
         driver.GraphExecKernelNodeSetParams &&
         driver.ThreadExchangeStreamCaptureMode;
}

RunGraphs::~RunGraphs() {
  for (std::unique_ptr<Graph> &graph : graphs)
    destroy(*graph);
}

void RunGraphs::destroy(Graph &graph) const {
  if (graph.executable)
    cu.GraphExecDestroy(graph.executable);
  if (graph.graph)
    cu.GraphDestroy(graph.graph);
}

std::optional<CUresult>
RunGraphs::launch(CUstream stream, MutableArrayRef<LaunchArguments> arguments) {
  StreamState state;
  if (impossible || readState(cu, stream, state) != 0 || state.isCaptured)
    return std::nullopt;
  std::lock_guard<std::mutex> lock(mutex);
  Graph *graph = graphFor(state.id, stream, arguments);
  CUresult result = graph ? setArguments(*graph, arguments) : 0;
  if (!graph || result != 0) {
    impossible = true;
    return std::nullopt;
  }
  return cu.GraphLaunch(graph->executable, stream);
}

/// The stream's graph; null: it cannot be made.
RunGraphs::Graph *
RunGraphs::graphFor(unsigned long long id, CUstream stream,
                    MutableArrayRef<LaunchArguments> arguments) {
  auto found = find_if(graphs, [&](const std::unique_ptr<Graph> &graph) {
    return graph->stream == id;
  });
  if (found == graphs.end() && graphs.size() < kMost) {
    auto made = std::make_unique<Graph>();
    if (CUresult result = build(*made, stream, arguments)) {
      log(LogLevel::Info,
          "no graph of a run's kernels (CUDA error {}): launched one by one",
          result);
      destroy(*made);
      return nullptr;
    }
    graphs.push_back(std::move(made));
    found = std::prev(graphs.end());
  } else if (found == graphs.end()) {
    found = std::min_element(
        graphs.begin(), graphs.end(),
        [](const auto &a, const auto &b) { return a->lastUse < b->lastUse; });
  }
  (*found)->stream = id;
  (*found)->lastUse = ++uses;
  return found->get();
}

/// What the graph runs already keeps the arguments that it was launched with.
CUresult
RunGraphs::setArguments(Graph &graph,
                        MutableArrayRef<LaunchArguments> arguments) const {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (graph.arguments[i] == arguments[i])
      continue;
    SmallVector<void *, 40> pointers = arguments[i].pointers();
    CUkernelNodeParams params = kernelNode(nodes[i], pointers);
    if (CUresult result = cu.GraphExecKernelNodeSetParams(
            graph.executable, graph.nodes[i], &params))
      return result;
    graph.arguments[i] = arguments[i];
  }
  return 0;
}

CUresult RunGraphs::build(Graph &graph, CUstream stream,
                          MutableArrayRef<LaunchArguments> arguments) const {
  // Another thread may be capturing, and forbid what is no work of a stream.
  int mode = kCaptureRelaxed;
  if (CUresult result = cu.ThreadExchangeStreamCaptureMode(&mode))
    return result;
  scope_exit restore([&] { cu.ThreadExchangeStreamCaptureMode(&mode); });
  if (CUresult result = cu.GraphCreate(&graph.graph, 0))
    return result;
  for (size_t i = 0; i < nodes.size(); ++i) {
    SmallVector<void *, 40> pointers = arguments[i].pointers();
    CUkernelNodeParams params = kernelNode(nodes[i], pointers);
    SmallVector<CUgraphNode, 4> before = whatFollows(graph, i);
    CUgraphNode node = nullptr;
    if (CUresult result = cu.GraphAddKernelNode(
            &node, graph.graph, before.data(), before.size(), &params))
      return result;
    graph.nodes.push_back(node);
    graph.arguments.push_back(arguments[i]);
  }
  // Else all nodes have the priority of the stream.
  unsigned long long flags = 0;
  if (lanes && cu.GraphKernelNodeSetAttribute) {
    if (CUresult result = givePriorities(graph, stream))
      return result;
    flags = kUseNodePriority;
  }
  return cu.GraphInstantiate(&graph.executable, graph.graph, flags);
}

/// The nodes that a step's node follows: the one before it in its lane, and
/// those that it waits for.
SmallVector<CUgraphNode, 4> RunGraphs::whatFollows(const Graph &graph,
                                                   size_t step) const {
  SmallVector<CUgraphNode, 4> before;
  auto laneOf = [&](size_t i) { return lanes ? plan.launches()[i].lane : 0; };
  for (size_t i = step; i-- > 0;)
    if (laneOf(i) == laneOf(step)) {
      before.push_back(graph.nodes[i]);
      break;
    }
  if (lanes)
    for (size_t earlier : plan.launches()[step].after)
      if (!is_contained(before, graph.nodes[earlier]))
        before.push_back(graph.nodes[earlier]);
  return before;
}

CUresult RunGraphs::givePriorities(const Graph &graph, CUstream stream) const {
  int base = 0;
  if (CUresult result = readPriority(cu, stream, base))
    return result;
  SideStreams::Priorities priorities =
      device->sideStreams().prioritiesFor(base);
  for (auto [i, node] : enumerate(graph.nodes)) {
    CUlaunchAttributeValue value{};
    value.number = priorities.of(plan.launches()[i].lane);
    if (CUresult result =
            cu.GraphKernelNodeSetAttribute(node, kPriorityAttribute, &value))
      return result;
  }
  return 0;
}

} // namespace llsa::rt
