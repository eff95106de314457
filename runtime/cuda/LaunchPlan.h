//===- LaunchPlan.h - a Program, ready to be launched -----------*- C++ -*-===//
//
// How a kernel is called
// ======================
//
// A kernel takes, for each of its step's buffers in order, the address of the
// first element, and behind it, for an input or output of rank 2 or more, the
// strides of all dimensions but the last, in elements. All are 64-bit. Behind
// them come the kernel's views (TensorView) as CUtensorMaps. The grid is `ctas`
// CTAs (of a persistent kernel as many as fit on the card) of 32 * `warps`
// threads, with `sharedBytes` of dynamic shared memory.
//
// All of this is known before the call but the addresses and strides of the
// caller's tensors. A LaunchPlan says for each parameter where it comes from,
// so that a call fills an array and allocates nothing.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_LAUNCHPLAN_H
#define LLSA_RUNTIME_CUDA_LAUNCHPLAN_H

#include "runtime/program/Tensor.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace llsa::rt {

class LaunchPlan {
public:
  explicit LaunchPlan(const Program &program);

  /// A caller's tensor as kernels get it.
  struct Place {
    char *data = nullptr;
    const int64_t *strides = nullptr; ///< of all dimensions
  };

  struct Param {
    enum class From { Workspace, Address, Stride };
    From from;
    int64_t buffer; ///< index among inputs and outputs; Workspace: not used
    int64_t value;  ///< Workspace: offset in bytes; Stride: dimension
  };
  struct View {
    TensorView view;
    size_t buffer; ///< index in the program
    size_t number; ///< among the views of all launches
  };
  struct Launch {
    int64_t kernel; ///< index in the program
    unsigned threads, sharedBytes;
    bool dependent;
    int64_t lane;              ///< Step::lane
    std::vector<size_t> after; ///< Step::after
    /// The event that stands behind it, when a step of another lane waits for
    /// it.
    std::optional<size_t> event;
    std::vector<Param> params;
    std::vector<View> views;
  };
  /// One for each step.
  const std::vector<Launch> &launches() const { return all; }

  /// A run is more than a launch, and none begins before another has ended.
  bool mayBeGraph() const;
  /// Some launches run beside others.
  bool hasSideLane() const { return sideLane; }
  /// Lane 1 begins with what waits for no step of lane 0: it must wait for what
  /// the caller's stream did before.
  bool forksAtStart() const { return fork; }
  /// Events that a run needs: these two, and those of launches.
  static constexpr size_t kForkEvent = 0, kJoinEvent = 1;
  size_t numEvents() const { return events; }

  /// Of all launches.
  size_t numViews() const { return views; }

  /// The places of tensors that checkTensors has accepted: inputs, outputs.
  llvm::SmallVector<Place, 16> places(llvm::ArrayRef<Tensor> inputs,
                                      llvm::ArrayRef<Tensor> outputs) const;
  /// Strides of buffer number `buffer` without gaps.
  const std::vector<int64_t> &packedStrides(size_t buffer) const {
    return packed[buffer];
  }

  /// Where buffer number `buffer`, of any role, is.
  Place placeOf(size_t buffer, llvm::ArrayRef<Place> places,
                char *workspace) const {
    return buffer < places.size()
               ? places[buffer]
               : Place{workspace + offsets[buffer], packed[buffer].data()};
  }
  /// Writes the parameters of `launch`.
  void fill(const Launch &launch, llvm::ArrayRef<Place> places, char *workspace,
            llvm::MutableArrayRef<int64_t> values) const;

private:
  std::vector<Launch> all;
  size_t views = 0, events = 2;
  bool sideLane = false, fork = false;
  std::vector<std::vector<int64_t>> packed; ///< by buffer
  std::vector<int64_t> offsets;             ///< by buffer; of workspace
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_LAUNCHPLAN_H
