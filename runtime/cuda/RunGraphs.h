//===- RunGraphs.h - all launches of a run as one ---------------*- C++ -*-===//
//
// A launch takes a host 3 to 5 us. A graph of all that a program launches takes
// it 1 us, and half a microsecond for each kernel that gets other parameters
// than the last time. So a stream has a graph of its own, made at its first run
// and launched at all of them.
//
// A stream that is being captured has none: what it records is the caller's
// graph. Lanes are edges of the graph, so no event and no side stream is needed
// for them. Where a driver cannot do it, kernels are launched one by one
// (CudaExecutor), which gives the same.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_RUNGRAPHS_H
#define LLSA_RUNTIME_CUDA_RUNGRAPHS_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/LaunchPlan.h"
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace llsa::rt {

/// What a kernel is called with: parameters, and behind them its tensor maps.
struct LaunchArguments {
  llvm::SmallVector<int64_t, 32> values;
  llvm::SmallVector<CUtensorMap, 2> maps;

  /// Where the driver finds each of them; as long as this stays where it is.
  llvm::SmallVector<void *, 40> pointers();
  bool operator==(const LaunchArguments &other) const;
};

/// The graphs of one program, by stream. Thread-safe. The device's context must
/// be current.
class RunGraphs {
public:
  /// How a step is launched, but for its arguments.
  struct Node {
    CUfunction function;
    unsigned ctas, threads, sharedBytes;
  };

  /// Whether the driver can do it.
  static bool areKnownTo(const CudaDriver &driver);

  /// `nodes`: by step. `lanes`: steps of lane 1 run beside others.
  RunGraphs(std::shared_ptr<const CudaDevice> device, const LaunchPlan &plan,
            std::vector<Node> nodes, bool lanes)
      : device(std::move(device)), cu(this->device->driver()), plan(plan),
        nodes(std::move(nodes)), lanes(lanes) {}
  /// What still runs ends first. The functions must still be there.
  ~RunGraphs();
  RunGraphs(const RunGraphs &) = delete;
  RunGraphs &operator=(const RunGraphs &) = delete;

  /// Puts a run with these arguments, by step, on the stream. None: there is no
  /// graph for this stream, and nothing was put on it.
  std::optional<CUresult>
  launch(CUstream stream, llvm::MutableArrayRef<LaunchArguments> arguments);

private:
  /// Streams beyond that many share a graph, so they wait for each other.
  static constexpr size_t kMost = 8;
  struct Graph {
    unsigned long long stream = 0; ///< its id
    uint64_t lastUse = 0;
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    llvm::SmallVector<CUgraphNode, 8> nodes; ///< by step
    std::vector<LaunchArguments> arguments;  ///< by step, of the last run
  };
  Graph *graphFor(unsigned long long id, CUstream stream,
                  llvm::MutableArrayRef<LaunchArguments> arguments);
  CUresult build(Graph &graph, CUstream stream,
                 llvm::MutableArrayRef<LaunchArguments> arguments) const;
  CUresult setArguments(Graph &graph,
                        llvm::MutableArrayRef<LaunchArguments> arguments) const;
  llvm::SmallVector<CUgraphNode, 4> whatFollows(const Graph &graph,
                                                size_t step) const;
  CUresult givePriorities(const Graph &graph, CUstream stream) const;
  void destroy(Graph &graph) const;

  std::shared_ptr<const CudaDevice> device;
  const CudaDriver &cu;
  const LaunchPlan &plan;
  const std::vector<Node> nodes;
  const bool lanes;
  std::mutex mutex;
  std::vector<std::unique_ptr<Graph>> graphs; ///< guarded by mutex
  uint64_t uses = 0;                          ///< guarded by mutex
  std::atomic<bool> impossible = false;       ///< here, as it once failed
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_RUNGRAPHS_H
