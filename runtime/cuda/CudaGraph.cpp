//===- CudaGraph.cpp - streams, graphs and the time they take -------------===//
#include "runtime/cuda/CudaGraph.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace llsa::rt {

// CUstream_flags, CUstreamCaptureMode. Thread-local: what other threads do,
// such as allocating, stays allowed during a capture.
static constexpr unsigned kNonBlocking = 1;
static constexpr int kCaptureThreadLocal = 1;

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

Expected<CudaStream>
CudaStream::create(std::shared_ptr<const CudaDevice> device) {
  CudaStream result;
  result.gpu = std::move(device);
  CudaDevice::Scope scope(*result.gpu);
  const CudaDriver &cu = result.gpu->driver();
  if (Error error = cu.check(cu.StreamCreate(&result.stream, kNonBlocking),
                             "cannot create a stream"))
    return std::move(error);
  return result;
}

CudaStream::~CudaStream() {
  if (!stream)
    return;
  CudaDevice::Scope scope(*gpu);
  gpu->driver().StreamSynchronize(stream);
  gpu->driver().StreamDestroy(stream);
}

Error CudaStream::synchronize(const Twine &what) const {
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  return cu.check(cu.StreamSynchronize(stream), what);
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

Expected<CudaGraph> CudaGraph::capture(const CudaStream &stream,
                                       function_ref<Error(CUstream)> work) {
  CudaGraph result;
  result.gpu = stream.device();
  CudaDevice::Scope scope(*result.gpu);
  const CudaDriver &cu = result.gpu->driver();
  if (Error error =
          cu.check(cu.StreamBeginCapture(stream.handle(), kCaptureThreadLocal),
                   "cannot start to record a graph"))
    return std::move(error);
  Error failed = work(stream.handle());
  // Ends the recording in any case, or the stream would be of no more use.
  CUresult ended = cu.StreamEndCapture(stream.handle(), &result.graph);
  if (failed)
    return std::move(failed);
  if (Error error = cu.check(ended, "cannot record a graph"))
    return std::move(error);
  if (Error error =
          cu.check(cu.GraphInstantiate(&result.executable, result.graph,
                                       kUseNodePriority),
                   "cannot make a graph ready to launch"))
    return std::move(error);
  return result;
}

CudaGraph::~CudaGraph() {
  if (!graph)
    return;
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  if (executable)
    cu.GraphExecDestroy(executable);
  cu.GraphDestroy(graph);
}

Error CudaGraph::launch(CUstream stream) const {
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  return cu.check(cu.GraphLaunch(executable, stream), "cannot launch a graph");
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

Expected<double> timeOnStream(const CudaStream &stream, const Twine &what,
                              function_ref<Error()> work) {
  CudaDevice::Scope scope(*stream.device());
  const CudaDriver &cu = stream.device()->driver();
  CUevent start = nullptr, stop = nullptr;
  scope_exit destroy([&] {
    for (CUevent event : {start, stop})
      if (event)
        cu.EventDestroy(event);
  });
  for (CUevent *event : {&start, &stop})
    if (Error error =
            cu.check(cu.EventCreate(event, 0), "cannot create an event"))
      return std::move(error);
  auto record = [&](CUevent event) {
    return cu.check(cu.EventRecord(event, stream.handle()),
                    "cannot record an event");
  };
  if (Error error = record(start))
    return std::move(error);
  if (Error error = work())
    return std::move(error);
  if (Error error = record(stop))
    return std::move(error);
  if (Error error = cu.check(cu.EventSynchronize(stop), what))
    return std::move(error);
  float milliseconds = 0;
  if (Error error =
          cu.check(cu.EventElapsedTime(&milliseconds, start, stop), what))
    return std::move(error);
  return double(milliseconds);
}

} // namespace llsa::rt
