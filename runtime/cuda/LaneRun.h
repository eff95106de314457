//===- LaneRun.h - what keeps the lanes of a run in order -------*- C++ -*-===//
//
// A program may have steps that run beside others (Step::lane). On a stream
// that runs, they go to a side stream, and events order the two: the side
// stream waits for what the caller's stream has done so far, steps wait for
// those that they name, and at the end the caller's stream waits for the side
// stream. So what the caller does next on their stream comes behind everything,
// as if all steps were on it.
//
// A stream that is being captured has no side stream: a recorded node depends
// on the nodes that the capture says, and those can be set. So a capture never
// meets a stream of ours, which other threads may be using.
//
// Kernels of lane 0 have a priority one higher than those of lane 1, whose CTAs
// take what lane 0 leaves. Where there is no side stream to be had, or a driver
// cannot set a capture's dependencies, all steps are in one lane, which is
// always right.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_LANERUN_H
#define LLSA_RUNTIME_CUDA_LANERUN_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/LaunchPlan.h"
#include "runtime/cuda/SideStreams.h"
#include <optional>

namespace llsa::rt {

/// One run of a program with a side lane. begin(); before(step), the launch and
/// after(step) for every step; finish(), whatever has failed. The device's
/// context must be current.
class LaneRun {
public:
  LaneRun(const CudaDevice &device, const LaunchPlan &plan, CUstream stream)
      : device(device), cu(device.driver()), plan(plan), stream(stream) {}
  ~LaneRun();

  CUresult begin();
  /// Where a step is launched.
  struct Place {
    CUstream stream;
    std::optional<int> priority; ///< none: the stream's
  };
  CUresult before(size_t step, Place &place);
  CUresult after(size_t step);
  /// Lets the stream wait for all that was launched, and gives back what
  /// begin() took.
  CUresult finish();

private:
  enum class Mode { OneLane, Streams, Capture };
  const LaunchPlan::Launch &launch(size_t step) const {
    return plan.launches()[step];
  }
  void usePriorities(int base);
  std::optional<int> priorityOf(size_t step) const;

  CUresult beginStreams();
  CUresult wait(CUstream waiting, size_t event);
  CUresult record(size_t event, CUstream recorded);

  /// What a captured node depends on.
  struct Dependences {
    llvm::SmallVector<CUgraphNode, 4> nodes;
    llvm::SmallVector<CUgraphEdgeData, 4> edges;
    void add(CUgraphNode node, CUgraphEdgeData edge = {}) {
      nodes.push_back(node);
      edges.push_back(edge);
    }
  };
  CUresult read(Dependences &dependences) const;
  CUresult set(const Dependences &dependences);
  void addEndOf(int64_t lane, Dependences &dependences) const;
  CUresult beforeCaptured(size_t step);
  CUresult afterCaptured(size_t step);

  const CudaDevice &device;
  const CudaDriver &cu;
  const LaunchPlan &plan;
  CUstream stream;
  Mode mode = Mode::OneLane;
  std::optional<SideStreams::Priorities> priorities;
  std::optional<size_t> last[Program::kLanes]; ///< that was launched
  /// Something is in lane 1 for which the end of lane 0 does not wait.
  bool sideIsOpen = false;

  std::unique_ptr<SideStream> side; ///< Mode::Streams

  // Mode::Capture.
  Dependences start;                        ///< when the run began
  llvm::SmallVector<CUgraphNode, 16> nodes; ///< by step
  std::optional<int64_t> current; ///< the lane that a next node would be in
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_LANERUN_H
