//===- CudaExecutorTimes.cpp - how long a Program takes on a GPU ----------===//
#include "runtime/cuda/CudaExecutor.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<double> CudaExecutor::measure(function_ref<Error()> work) const {
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  CUevent start = nullptr, stop = nullptr;
  float milliseconds = 0;
  auto all = [&]() -> Error {
    if (Error error = cu.check(cu.EventCreate(&start, 0), "event"))
      return error;
    if (Error error = cu.check(cu.EventCreate(&stop, 0), "event"))
      return error;
    if (Error error = cu.check(cu.EventRecord(start, nullptr), "event"))
      return error;
    if (Error error = work())
      return error;
    if (Error error = cu.check(cu.EventRecord(stop, nullptr), "event"))
      return error;
    if (Error error = cu.check(cu.EventSynchronize(stop),
                               fmt::format("kernel '{}' failed on GPU {}",
                                           plan->variant, gpu->ordinal())))
      return error;
    return cu.check(cu.EventElapsedTime(&milliseconds, start, stop), "event");
  };
  Error error = all();
  for (CUevent event : {start, stop})
    if (event)
      cu.EventDestroy(event);
  if (error)
    return std::move(error);
  return double(milliseconds);
}

Expected<double> CudaExecutor::time(ArrayRef<Tensor> inputs,
                                    ArrayRef<Tensor> outputs,
                                    int64_t count) const {
  Expected<double> total = measure([&]() -> Error {
    for (int64_t i = 0; i < count; ++i)
      if (Error error = run(inputs, outputs, nullptr, 0, nullptr))
        return error;
    return Error::success();
  });
  if (!total)
    return total.takeError();
  return *total / double(count);
}

Expected<std::vector<double>>
CudaExecutor::profile(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs) const {
  // Checks everything, and leaves every step the inputs that it wants.
  if (Error error = run(inputs, outputs, nullptr, 0, nullptr))
    return std::move(error);
  CudaDevice::Scope scope(*gpu);
  Expected<void *> workspace = workspaceFor(nullptr, 0, nullptr);
  if (!workspace)
    return workspace.takeError();
  SmallVector<LaunchPlan::Place, 16> places = launches.places(inputs, outputs);
  SmallVector<size_t, 4> copied;
  if (Error error = packTensors(places, copied, nullptr))
    return std::move(error);
  auto arguments = allArguments(places, *workspace);
  if (!arguments)
    return arguments.takeError();
  std::vector<double> times;
  for (auto [step, own] : zip_equal(launches.launches(), *arguments)) {
    Expected<double> time = measure(
        [&, &step = step, &own = own] { return launch(step, own, nullptr); });
    if (!time)
      return time.takeError();
    times.push_back(*time);
  }
  return times;
}

} // namespace llsa::rt
