//===- CudaGraph.h - streams, graphs and the time they take -----*- C++ -*-===//
//
// What a benchmark of a GPU needs. A graph is work that was put on a stream
// once, recorded instead of run, and can then be launched as often as one
// likes: the host's part of every launch is gone, and what is left is the
// GPU's time.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUDAGRAPH_H
#define LLSA_RUNTIME_CUDA_CUDAGRAPH_H

#include "runtime/cuda/CudaDevice.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llsa::rt {

/// A stream of our own, which does not wait for the default stream. Destroyed
/// with this object; what it still has to do is done first.
class CudaStream {
public:
  static llvm::Expected<CudaStream>
  create(std::shared_ptr<const CudaDevice> device);
  CudaStream(CudaStream &&other) { swap(other); }
  CudaStream &operator=(CudaStream &&other) {
    swap(other);
    return *this;
  }
  ~CudaStream();

  CUstream handle() const { return stream; }
  const std::shared_ptr<const CudaDevice> &device() const { return gpu; }
  /// Waits. The error is that of any kernel before; `what` says which they are.
  llvm::Error synchronize(const llvm::Twine &what) const;

private:
  CudaStream() = default;
  void swap(CudaStream &other) {
    std::swap(gpu, other.gpu);
    std::swap(stream, other.stream);
  }
  std::shared_ptr<const CudaDevice> gpu;
  CUstream stream = nullptr;
};

/// Recorded work, ready to be launched. It uses the very tensors and workspace
/// that it was recorded with: they, and the executor that runs on them, must
/// live as long.
class CudaGraph {
public:
  /// Records what `work` puts on the stream that it is given (`stream`'s), and
  /// runs nothing. When `work` fails, so does this, and the stream is as
  /// before.
  static llvm::Expected<CudaGraph>
  capture(const CudaStream &stream,
          llvm::function_ref<llvm::Error(CUstream)> work);
  CudaGraph(CudaGraph &&other) { swap(other); }
  CudaGraph &operator=(CudaGraph &&other) {
    swap(other);
    return *this;
  }
  ~CudaGraph();

  /// Puts the work on a stream of the same device; does not wait.
  llvm::Error launch(CUstream stream) const;

private:
  CudaGraph() = default;
  void swap(CudaGraph &other) {
    std::swap(gpu, other.gpu);
    std::swap(graph, other.graph);
    std::swap(executable, other.executable);
  }
  std::shared_ptr<const CudaDevice> gpu;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
};

/// Milliseconds between two events on the stream around what `work` puts on
/// it. Waits; `what` names the work in an error.
llvm::Expected<double> timeOnStream(const CudaStream &stream,
                                    const llvm::Twine &what,
                                    llvm::function_ref<llvm::Error()> work);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDAGRAPH_H
