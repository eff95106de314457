//===- MeasureCuda.cpp - one case on a GPU --------------------------------===//
#include "tools/llsa-bench/Measure.h"

#include "runtime/cuda/CudaSteps.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>

using namespace llvm;

namespace llsa::bench {

using rt::CudaGraph;
using rt::CudaMemory;
using rt::CudaStream;
using rt::CUstream;

/// A sample shall take about this long, but not more runs than this.
static constexpr double kSampleMs = 2;
static constexpr int64_t kMostRunsInGraph = 60;
/// The clocks rise while the GPU works; samples begin after that.
static constexpr double kWarmUpMs = 30;
/// Enough samples of one kernel; the whole is what the suite is about.
static constexpr unsigned kStepSamples = 7;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

namespace {
/// Inputs and outputs in the GPU's memory, as often as there are sets.
struct DeviceSets {
  struct Set {
    std::vector<Tensor> inputs, outputs;
  };
  std::vector<CudaMemory> memory;
  std::vector<Set> sets;
  CudaMemory workspace;
};
} // namespace

static Error addTensor(DeviceSets &result, const Buffer &buffer,
                       const std::shared_ptr<const rt::CudaDevice> &device,
                       const char *contents, std::vector<Tensor> &tensors) {
  Expected<CudaMemory> memory = CudaMemory::allocate(device, buffer.numBytes());
  if (!memory)
    return memory.takeError();
  if (contents)
    if (Error error = memory->copyFrom(contents))
      return error;
  tensors.push_back({memory->data(), buffer.type, buffer.shape, {}});
  result.memory.push_back(std::move(*memory));
  return Error::success();
}

/// `addInputs(i, inputs, result)` gives set number i its inputs.
static Expected<DeviceSets>
makeSets(const rt::CudaExecutor &executor, size_t count,
         function_ref<Error(size_t i, std::vector<Tensor> &inputs,
                            DeviceSets &result)>
             addInputs) {
  const Program &program = executor.program();
  DeviceSets result;
  for (size_t i = 0; i < count; ++i) {
    DeviceSets::Set set;
    if (Error error = addInputs(i, set.inputs, result))
      return std::move(error);
    for (int64_t b : program.buffersOf(Buffer::Role::Output))
      if (Error error = addTensor(result, program.buffers[size_t(b)],
                                  executor.device(), nullptr, set.outputs))
        return std::move(error);
    result.sets.push_back(std::move(set));
  }
  Expected<CudaMemory> workspace =
      CudaMemory::allocate(executor.device(), program.workspaceBytes);
  if (!workspace)
    return workspace.takeError();
  result.workspace = std::move(*workspace);
  return result;
}

static Expected<DeviceSets>
makeSets(const rt::CudaExecutor &executor,
         const std::vector<tools::TypedArray> &inputs, unsigned count) {
  const Program &program = executor.program();
  return makeSets(
      executor, count,
      [&](size_t, std::vector<Tensor> &tensors, DeviceSets &result) -> Error {
        for (auto [b, array] :
             zip(program.buffersOf(Buffer::Role::Input), inputs))
          if (Error error = addTensor(result, program.buffers[size_t(b)],
                                      executor.device(), array.data(), tensors))
            return error;
        return Error::success();
      });
}

/// Sets of a backward, which read what the forward's sets hold.
static Expected<DeviceSets> makeBackwardSets(const rt::CudaExecutor &executor,
                                             const Program &forward,
                                             const DeviceSets &forwardSets) {
  const Program &program = executor.program();
  return makeSets(
      executor, forwardSets.sets.size(),
      [&](size_t i, std::vector<Tensor> &tensors, DeviceSets &result) -> Error {
        const DeviceSets::Set &from = forwardSets.sets[i];
        NamedViews known;
        addViews(known, forward, Buffer::Role::Input, from.inputs);
        addViews(known, forward, Buffer::Role::Output, from.outputs);
        std::vector<Tensor> unknown;
        std::vector<tools::TypedArray> made =
            makeUnknown(program, known, /*seed=*/1);
        for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
          const Buffer &buffer = program.buffers[size_t(b)];
          if (known.count(buffer.name))
            continue;
          if (Error error = addTensor(result, buffer, executor.device(),
                                      made[unknown.size()].data(), unknown))
            return error;
        }
        tensors = readsOf(program, known, unknown);
        return Error::success();
      });
}

//===----------------------------------------------------------------------===//
// Times on the GPU
//===----------------------------------------------------------------------===//

using RunOne = function_ref<Error(const DeviceSets::Set &set, CUstream)>;

/// Samples of milliseconds per run.
static Expected<std::vector<double>> sample(const CudaStream &stream,
                                            const std::string &what,
                                            const DeviceSets &tensors,
                                            RunOne run, const Effort &effort) {
  auto runs = [&](int64_t count) {
    return [&, count](CUstream on) -> Error {
      for (int64_t i = 0; i < count; ++i)
        if (Error error =
                run(tensors.sets[size_t(i) % tensors.sets.size()], on))
          return error;
      return Error::success();
    };
  };
  // Not recorded: what fails is easier to read here, and it gives an estimate.
  int64_t sets = int64_t(tensors.sets.size());
  auto once = [&] { return runs(sets)(stream.handle()); };
  if (auto first = rt::timeOnStream(stream, what, once); !first)
    return first.takeError();
  Expected<double> estimate = rt::timeOnStream(stream, what, once);
  if (!estimate)
    return estimate.takeError();
  int64_t turns = int64_t(kSampleMs / std::max(*estimate, 1e-3)) + 1;
  int64_t count = sets * std::clamp<int64_t>(turns, 1, kMostRunsInGraph / sets);
  Expected<CudaGraph> graph = CudaGraph::capture(stream, runs(count));
  if (!graph)
    return graph.takeError();

  auto replay = [&] {
    return rt::timeOnStream(stream, what,
                            [&] { return graph->launch(stream.handle()); });
  };
  std::this_thread::sleep_for(std::chrono::duration<double>(effort.rest));
  unsigned repeat = std::max(effort.repeat, 3u);
  std::vector<double> samples;
  double warm = 0, spent = 0;
  while (samples.size() < repeat) {
    Expected<double> ms = replay();
    if (!ms)
      return ms.takeError();
    if (warm < kWarmUpMs) {
      warm += *ms;
      continue;
    }
    samples.push_back(*ms / double(count));
    if ((spent += *ms) > effort.seconds * 1e3 && samples.size() >= 3)
      break;
  }
  return samples;
}

static Expected<std::vector<double>> stepTimes(const CudaStream &stream,
                                               const rt::CudaExecutor &executor,
                                               const DeviceSets &tensors,
                                               Effort effort) {
  effort.repeat = kStepSamples;
  effort.seconds = 0.5;
  Expected<rt::CudaSteps> steps = rt::CudaSteps::create(executor);
  if (!steps)
    return steps.takeError();
  // Every step finds in the workspace what the steps before it leave there.
  const DeviceSets::Set &set = tensors.sets.front();
  if (Error error =
          executor.run(set.inputs, set.outputs, tensors.workspace.data(),
                       tensors.workspace.size(), stream.handle()))
    return std::move(error);
  std::vector<double> times;
  for (size_t s = 0; s < steps->size(); ++s) {
    auto samples = sample(
        stream, fmt::format("kernel '{}' failed", steps->kernel(s).name),
        tensors,
        [&](const DeviceSets::Set &each, CUstream on) {
          return steps->run(s, each.inputs, each.outputs, tensors.workspace,
                            on);
        },
        effort);
    if (!samples)
      return samples.takeError();
    times.push_back(summarise(std::move(*samples)).median);
  }
  return times;
}

Expected<double> measureCopyRate(const CudaStream &stream) {
  constexpr int64_t kBytes = int64_t(512) << 20;
  constexpr int kCopies = 8, kSamples = 9;
  CudaMemory memory[2];
  for (CudaMemory &half : memory) {
    auto made = CudaMemory::allocate(stream.device(), kBytes);
    if (!made)
      return made.takeError();
    half = std::move(*made);
  }
  const rt::CudaDriver &cu = stream.device()->driver();
  auto copy = [&]() -> Error {
    for (int i = 0; i < kCopies; ++i)
      if (Error error =
              cu.check(cu.MemcpyDtoDAsync(
                           rt::CUdeviceptr(uintptr_t(memory[i % 2].data())),
                           rt::CUdeviceptr(uintptr_t(memory[1 - i % 2].data())),
                           size_t(kBytes), stream.handle()),
                       "cannot copy on the GPU"))
        return error;
    return Error::success();
  };
  std::vector<double> samples;
  for (int i = 0; i <= kSamples; ++i) {
    Expected<double> ms = rt::timeOnStream(stream, "copy on the GPU", copy);
    if (!ms)
      return ms.takeError();
    if (i > 0) // the first one warms up
      samples.push_back(*ms);
  }
  return 2.0 * kBytes * kCopies / (summarise(std::move(samples)).median * 1e-3);
}

//===----------------------------------------------------------------------===//
// Times of the host
//===----------------------------------------------------------------------===//

static double microsecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now() - start)
      .count();
}

/// The kernel, compiled into a new cache, then found there by another Jit.
static Expected<rt::Jit::KernelPtr> compileTwice(const std::string &device,
                                                 const rt::Variant &variant,
                                                 const KernelSpec &spec,
                                                 HostCosts &costs) {
  SmallString<128> folder;
  if (std::error_code code =
          sys::fs::createUniqueDirectory("llsa-bench", folder))
    return createStringError(code, "cannot make a folder for a cache: %s",
                             code.message().c_str());
  scope_exit remove([&] { (void)sys::fs::remove_directories(folder); });
  rt::JitOptions options;
  options.target = device;
  options.cache.dir = std::string(folder);
  rt::JitReport report;
  rt::Jit cold(options), warm(options);
  if (auto compiled = cold.get(variant, spec, {}, &report); !compiled)
    return compiled.takeError();
  costs.compileMs = report.milliseconds;
  auto kernel = warm.get(variant, spec, {}, &report);
  if (!kernel)
    return kernel.takeError();
  if (report.origin == rt::Origin::Disk)
    costs.diskMs = report.milliseconds;
  constexpr int kFinds = 1000;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kFinds; ++i)
    if (auto found = warm.get(variant, spec); !found)
      return found.takeError();
  costs.memoryUs = microsecondsSince(start) / kFinds;
  return *kernel;
}

/// Host microseconds of a run, as llsa.h does it, divided by its steps. Few
/// runs at a time, so that the host never waits for a place in the stream.
static Expected<double> launchCost(const CudaStream &stream,
                                   const rt::CudaExecutor &executor,
                                   const DeviceSets &tensors) {
  constexpr int kBatches = 21, kRuns = 10;
  const DeviceSets::Set &set = tensors.sets.front();
  std::vector<double> samples;
  for (int batch = 0; batch < kBatches; ++batch) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRuns; ++i)
      if (Error error =
              executor.run(set.inputs, set.outputs, tensors.workspace.data(),
                           tensors.workspace.size(), stream.handle(),
                           rt::CudaExecutor::Places::Known))
        return std::move(error);
    samples.push_back(microsecondsSince(start) / kRuns);
    if (Error error = stream.synchronize("a run failed"))
      return std::move(error);
  }
  size_t steps = std::max<size_t>(executor.program().steps.size(), 1);
  return summarise(std::move(samples)).median / double(steps);
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// Runs the program on a set.
static Error runSet(const rt::CudaExecutor &executor, const DeviceSets &tensors,
                    const DeviceSets::Set &set, CUstream on) {
  return executor.run(set.inputs, set.outputs, tensors.workspace.data(),
                      tensors.workspace.size(), on);
}

/// All but the time to compile.
static Error measure(const CudaStream &stream, const std::string &name,
                     const rt::CudaExecutor &executor,
                     const DeviceSets &tensors, const Effort &effort,
                     Measurement &measured) {
  measured.sets = int64_t(tensors.sets.size());
  auto samples = sample(
      stream, fmt::format("'{}' failed", name), tensors,
      [&](const DeviceSets::Set &set, CUstream on) {
        return runSet(executor, tensors, set, on);
      },
      effort);
  if (!samples)
    return samples.takeError();
  measured.run = summarise(std::move(*samples));
  auto steps = stepTimes(stream, executor, tensors, effort);
  if (!steps)
    return steps.takeError();
  measured.steps = std::move(*steps);
  auto launch = launchCost(stream, executor, tensors);
  if (!launch)
    return launch.takeError();
  measured.host.perKernelUs = *launch;
  return Error::success();
}

Expected<Result> measureOnCuda(const CudaStream &stream,
                               const std::string &device,
                               const rt::Variant &variant, const Case &wanted,
                               InputMaker &inputs, const Effort &effort) {
  Result result;
  auto kernel =
      compileTwice(device, variant, wanted.spec, result.measured.host);
  if (!kernel)
    return kernel.takeError();
  result.kernel = *kernel;
  const rt::CudaExecutor &executor = *result.kernel->cuda();
  auto tensors =
      makeSets(executor, inputs.inputsFor(executor.program()), effort.sets);
  if (!tensors)
    return tensors.takeError();
  if (Error error = measure(stream, wanted.name, executor, *tensors, effort,
                            result.measured))
    return std::move(error);
  return result;
}

Expected<GradResult> measureGradOnCuda(const CudaStream &stream,
                                       const std::string &device,
                                       const rt::Variant &variant,
                                       const Case &wanted, InputMaker &inputs,
                                       const Effort &effort) {
  GradResult result;
  GradMeasurement &measured = result.measured;
  KernelSpec spec = wanted.spec;
  spec.pass = Pass::Keep;
  auto forward = compileTwice(device, variant, spec, measured.forward.host);
  if (!forward)
    return forward.takeError();
  spec.pass = Pass::Backward;
  auto backward = compileTwice(device, variant, spec, measured.backward.host);
  if (!backward)
    return backward.takeError();
  result.forward = *forward;
  result.backward = *backward;
  const rt::CudaExecutor &first = *result.forward->cuda(),
                         &second = *result.backward->cuda();
  measured.keptBytes = keptBytes(first.program());
  auto tensors =
      makeSets(first, inputs.inputsFor(first.program()), effort.sets);
  if (!tensors)
    return tensors.takeError();
  auto gradients = makeBackwardSets(second, first.program(), *tensors);
  if (!gradients)
    return gradients.takeError();
  // The forward first: the backward reads what it leaves in every set.
  if (Error error = measure(stream, wanted.name + " forward", first, *tensors,
                            effort, measured.forward))
    return std::move(error);
  if (Error error = measure(stream, wanted.name + " backward", second,
                            *gradients, effort, measured.backward))
    return std::move(error);
  auto both = sample(
      stream, fmt::format("'{}' failed", wanted.name), *tensors,
      [&](const DeviceSets::Set &set, CUstream on) -> Error {
        if (Error error = runSet(first, *tensors, set, on))
          return error;
        size_t i = size_t(&set - tensors->sets.data());
        return runSet(second, *gradients, gradients->sets[i], on);
      },
      effort);
  if (!both)
    return both.takeError();
  measured.both = summarise(std::move(*both));
  return std::move(result);
}

} // namespace llsa::bench
