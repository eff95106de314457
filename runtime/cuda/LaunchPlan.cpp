//===- LaunchPlan.cpp - a Program, ready to be launched -------------------===//
#include "runtime/cuda/LaunchPlan.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <utility>

using namespace llvm;

namespace llsa::rt {

static constexpr int64_t kLanes = 32;

LaunchPlan::LaunchPlan(const Program &program) {
  for (const Buffer &buffer : program.buffers) {
    packed.push_back(contiguousStrides(buffer.shape));
    offsets.push_back(buffer.offset);
  }
  for (const Step &step : program.steps) {
    const Kernel &kernel = program.kernels[size_t(step.kernel)];
    Launch launch{step.kernel,
                  unsigned(kernel.warps * kLanes),
                  unsigned(kernel.sharedBytes),
                  kernel.dependentLaunch,
                  step.lane,
                  std::vector<size_t>(step.after.begin(), step.after.end()),
                  std::nullopt,
                  {},
                  {}};
    for (size_t earlier : launch.after)
      if (!all[earlier].event)
        all[earlier].event = events++;
    if (step.lane != 0 && !std::exchange(sideLane, true))
      fork = step.after.empty();
    for (int64_t b : step.args) {
      const Buffer &buffer = program.buffers[size_t(b)];
      if (buffer.role == Buffer::Role::Workspace) {
        launch.params.push_back({Param::From::Workspace, 0, buffer.offset});
        continue;
      }
      launch.params.push_back({Param::From::Address, b, 0});
      for (int64_t d = 0; d + 1 < int64_t(buffer.shape.size()); ++d)
        launch.params.push_back({Param::From::Stride, b, d});
    }
    for (const TensorView &view : kernel.views)
      launch.views.push_back(
          {view, size_t(step.args[size_t(view.arg)]), views++});
    all.push_back(std::move(launch));
  }
}

bool LaunchPlan::mayBeGraph() const {
  return all.size() > 1 && llvm::none_of(all, [](const Launch &launch) {
           return launch.dependent;
         });
}

SmallVector<LaunchPlan::Place, 16>
LaunchPlan::places(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs) const {
  SmallVector<Place, 16> places;
  for (ArrayRef<Tensor> tensors : {inputs, outputs})
    for (const Tensor &tensor : tensors)
      places.push_back({static_cast<char *>(tensor.data),
                        tensor.strides.empty() ? packed[places.size()].data()
                                               : tensor.strides.data()});
  return places;
}

void LaunchPlan::fill(const Launch &launch, ArrayRef<Place> places,
                      char *workspace, MutableArrayRef<int64_t> values) const {
  int64_t *value = values.data();
  for (const Param &param : launch.params) {
    switch (param.from) {
    case Param::From::Workspace:
      *value++ = int64_t(reinterpret_cast<uintptr_t>(workspace + param.value));
      break;
    case Param::From::Address:
      *value++ = int64_t(
          reinterpret_cast<uintptr_t>(places[size_t(param.buffer)].data));
      break;
    case Param::From::Stride:
      *value++ = places[size_t(param.buffer)].strides[param.value];
      break;
    }
  }
}

} // namespace llsa::rt
