//===- LaneRun.cpp - what keeps the lanes of a run in order ---------------===//
#include "runtime/cuda/LaneRun.h"

#include "runtime/cuda/StreamId.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace llsa::rt {

// CUstreamCaptureStatus, CUstreamUpdateCaptureDependencies_flags.
static constexpr int kNotCapturing = 0, kIsCapturing = 1;
static constexpr unsigned kReplaceDependencies = 1;
static constexpr CUresult kCaptureInvalidated = 901;

LaneRun::~LaneRun() {
  if (side)
    device.sideStreams().giveBack(std::move(side));
}

void LaneRun::usePriorities(int base) {
  priorities = device.sideStreams().prioritiesFor(base);
}

std::optional<int> LaneRun::priorityOf(size_t step) const {
  if (!priorities)
    return std::nullopt;
  return priorities->of(launch(step).lane);
}

CUresult LaneRun::begin() {
  int status = kNotCapturing;
  if (!isLegacyDefault(stream))
    if (CUresult result = cu.StreamIsCapturing(stream, &status))
      return result;
  if (status == kNotCapturing)
    return beginStreams();
  // A capture that is spoilt says so at the first launch.
  if (status != kIsCapturing || !cu.StreamGetCaptureInfo ||
      !cu.StreamUpdateCaptureDependencies)
    return 0;
  if (CUresult result = read(start))
    return result;
  mode = Mode::Capture;
  nodes.assign(plan.launches().size(), nullptr);
  current = 0;
  return 0;
}

CUresult LaneRun::before(size_t step, Place &place) {
  const LaunchPlan::Launch &next = launch(step);
  place = {stream, priorityOf(step)};
  if (mode == Mode::OneLane)
    return 0;
  if (next.lane != 0)
    sideIsOpen = true;
  if (mode == Mode::Capture)
    return beforeCaptured(step);
  if (next.lane != 0)
    place.stream = side->stream;
  for (size_t earlier : next.after)
    if (CUresult result = wait(place.stream, *launch(earlier).event))
      return result;
  return 0;
}

CUresult LaneRun::after(size_t step) {
  if (mode == Mode::OneLane)
    return 0;
  const LaunchPlan::Launch &done = launch(step);
  if (done.lane == 0 && last[1] && is_contained(done.after, *last[1]))
    sideIsOpen = false;
  last[done.lane] = step;
  if (mode == Mode::Capture)
    return afterCaptured(step);
  return done.event
             ? record(*done.event, done.lane == 0 ? stream : side->stream)
             : 0;
}

CUresult LaneRun::finish() {
  CUresult result = 0;
  if (mode == Mode::Streams && sideIsOpen) {
    result = record(LaunchPlan::kJoinEvent, side->stream);
    if (result == 0)
      result = wait(stream, LaunchPlan::kJoinEvent);
    if (result != 0) // nothing else may follow what is there
      cu.StreamSynchronize(side->stream);
  }
  if (mode == Mode::Capture && (sideIsOpen || current != 0)) {
    Dependences all;
    addEndOf(0, all);
    if (sideIsOpen && last[1])
      addEndOf(1, all);
    result = set(all);
  }
  if (side)
    device.sideStreams().giveBack(std::move(side));
  mode = Mode::OneLane;
  return result;
}

//===----------------------------------------------------------------------===//
// Streams that run
//===----------------------------------------------------------------------===//

CUresult LaneRun::beginStreams() {
  side = device.sideStreams().take(stream, plan.numEvents());
  if (!side)
    return 0;
  mode = Mode::Streams;
  int base = 0;
  if (readPriority(cu, stream, base) == 0)
    usePriorities(base);
  if (!plan.forksAtStart())
    return 0;
  CUresult result = record(LaunchPlan::kForkEvent, stream);
  return result ? result : wait(side->stream, LaunchPlan::kForkEvent);
}

CUresult LaneRun::wait(CUstream waiting, size_t event) {
  return cu.StreamWaitEvent(waiting, side->events[event], 0);
}

CUresult LaneRun::record(size_t event, CUstream recorded) {
  return cu.EventRecord(side->events[event], recorded);
}

//===----------------------------------------------------------------------===//
// Streams that are captured
//===----------------------------------------------------------------------===//

CUresult LaneRun::read(Dependences &dependences) const {
  int status = 0;
  const CUgraphNode *found = nullptr;
  const CUgraphEdgeData *edges = nullptr;
  size_t count = 0;
  if (CUresult result = cu.StreamGetCaptureInfo(
          stream, &status, nullptr, nullptr, &found, &edges, &count))
    return result;
  for (size_t i = 0; i < count; ++i)
    dependences.add(found[i], edges ? edges[i] : CUgraphEdgeData{});
  return 0;
}

CUresult LaneRun::set(const Dependences &dependences) {
  // The driver's interface does not say const, and reads alone.
  return cu.StreamUpdateCaptureDependencies(
      stream, const_cast<CUgraphNode *>(dependences.nodes.data()),
      dependences.edges.data(), dependences.nodes.size(), kReplaceDependencies);
}

/// What the next node of a lane follows.
void LaneRun::addEndOf(int64_t lane, Dependences &dependences) const {
  if (last[lane])
    return dependences.add(nodes[*last[lane]]);
  for (auto [node, edge] : zip_equal(start.nodes, start.edges))
    dependences.add(node, edge);
}

CUresult LaneRun::beforeCaptured(size_t step) {
  const LaunchPlan::Launch &next = launch(step);
  if (current == next.lane && next.after.empty())
    return 0;
  Dependences wanted;
  // What is waited for came behind the start.
  if (last[next.lane] || next.after.empty())
    addEndOf(next.lane, wanted);
  for (size_t earlier : next.after)
    wanted.add(nodes[earlier]);
  current = std::nullopt;
  return set(wanted);
}

CUresult LaneRun::afterCaptured(size_t step) {
  Dependences now;
  if (CUresult result = read(now))
    return result;
  if (now.nodes.empty())
    return kCaptureInvalidated;
  // A launch that was captured is all that a next one depends on.
  nodes[step] = now.nodes.back();
  current = launch(step).lane;
  if (priorities || !cu.GraphKernelNodeGetAttribute ||
      !cu.GraphKernelNodeSetAttribute)
    return 0;
  // A stream that is captured is not asked for its priority, its first node is.
  // Priorities change no result: where they cannot be had, it goes without.
  CUlaunchAttribute attribute{};
  attribute.id = kPriorityAttribute;
  if (cu.GraphKernelNodeGetAttribute(nodes[step], attribute.id,
                                     &attribute.value) != 0)
    return 0;
  usePriorities(attribute.value.number);
  attribute.value.number = *priorityOf(step);
  cu.GraphKernelNodeSetAttribute(nodes[step], attribute.id, &attribute.value);
  return 0;
}

} // namespace llsa::rt
