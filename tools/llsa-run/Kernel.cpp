//===- Kernel.cpp - a compiled variant, its tensors, its times ------------===//
#include "tools/llsa-run/Kernel.h"
#include "runtime/cuda/CudaSteps.h"
#include "runtime/support/Nvtx.h"
#include "tools/io/Files.h"
#include "tools/llsa-run/DeviceTensors.h"
#include <algorithm>
#include <chrono>

using namespace llsa;
using namespace llsa::tools;

/// Automatic repetition: at most this many runs in about this time (ms), and at
/// least a few where one run is not too long.
static constexpr int64_t kMostRuns = 20, kFewRuns = 3;
static constexpr double kTimeForRuns = 1000, kLongRun = 3000;

llvm::Expected<NamedTensors> llsa::tools::makeOutputs(const Program &program,
                                                      Layout layout) {
  NamedTensors out;
  for (int64_t b : program.buffersOf(Buffer::Role::Output)) {
    const Buffer &buffer = program.buffers[size_t(b)];
    llvm::Expected<HostTensor> tensor =
        HostTensor::create(buffer.type, buffer.shape, layout);
    if (!tensor)
      return tensor.takeError();
    tensor->fillWithGarbage();
    out.emplace(buffer.name, std::move(*tensor));
  }
  return out;
}

/// The tensors that `program` names, in its order.
static llvm::Expected<std::vector<llsa::Tensor>>
viewsOf(const Program &program, const NamedTensors &tensors,
        Buffer::Role role) {
  std::vector<llsa::Tensor> out;
  for (int64_t b : program.buffersOf(role)) {
    auto found = tensors.find(program.buffers[size_t(b)].name);
    if (found == tensors.end())
      return makeError("kernel '{}': there is no tensor '{}'", program.variant,
                       program.buffers[size_t(b)].name);
    out.push_back(found->second.view());
  }
  return out;
}

llvm::Error llsa::tools::runOnce(const rt::CompiledKernel &kernel,
                                 const NamedTensors &inputs,
                                 const NamedTensors &outputs) {
  const Program &program = kernel.program();
  if (const rt::CudaExecutor *executor = kernel.cuda()) {
    auto tensors = DeviceTensors::create(*executor, inputs, outputs);
    if (!tensors)
      return tensors.takeError();
    if (llvm::Error error = executor->run(tensors->inputs(), tensors->outputs(),
                                          nullptr, 0, nullptr))
      return error;
    return tensors->copyOutputs();
  }
  auto in = viewsOf(program, inputs, Buffer::Role::Input);
  if (!in)
    return in.takeError();
  auto out = viewsOf(program, outputs, Buffer::Role::Output);
  if (!out)
    return out.takeError();
  return kernel.run(*in, *out);
}

/// Median and extremes of sorted times.
static RunTimes summarise(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  size_t middle = times.size() / 2;
  double median = times.size() % 2 ? times[middle]
                                   : (times[middle - 1] + times[middle]) / 2;
  return RunTimes{median, times.front(), times.back(),
                  static_cast<int64_t>(times.size())};
}

/// A measurement of a GPU is of some runs, so that the host's part of a launch
/// is hidden behind the run before.
static llvm::Expected<RunTimes> timeOnGpu(const rt::CudaExecutor &executor,
                                          const NamedTensors &inputs,
                                          const NamedTensors &outputs,
                                          int64_t repeat) {
  constexpr int64_t kRunsAtOnce = 10;
  auto tensors = DeviceTensors::create(executor, inputs, outputs);
  if (!tensors)
    return tensors.takeError();
  std::vector<double> times;
  int64_t wanted = repeat > 0 ? repeat : kMostRuns;
  for (int64_t i = 0; i <= wanted; ++i) { // the first one warms up
    auto time =
        executor.time(tensors->inputs(), tensors->outputs(), kRunsAtOnce);
    if (!time)
      return time.takeError();
    if (i > 0)
      times.push_back(*time);
  }
  if (llvm::Error error = tensors->copyOutputs())
    return std::move(error);
  return summarise(std::move(times));
}

/// The steps of a kernel of a GPU, each some times in a row in a range of its
/// own. All of them run once before, so that every step finds its inputs.
static llvm::Expected<std::vector<double>>
profileOnGpu(const rt::CudaExecutor &executor, const NamedTensors &inputs,
             const NamedTensors &outputs) {
  constexpr int64_t kRunsAtOnce = 10, kSamples = 5;
  auto tensors = DeviceTensors::create(executor, inputs, outputs);
  if (!tensors)
    return tensors.takeError();
  auto workspace = rt::CudaMemory::allocate(executor.device(),
                                            executor.program().workspaceBytes);
  if (!workspace)
    return workspace.takeError();
  auto stream = rt::CudaStream::create(executor.device());
  if (!stream)
    return stream.takeError();
  auto steps = rt::CudaSteps::create(executor);
  if (!steps)
    return steps.takeError();
  {
    rt::NvtxRange range(executor.program().variant);
    if (llvm::Error error = executor.run(tensors->inputs(), tensors->outputs(),
                                         workspace->data(), workspace->size(),
                                         stream->handle()))
      return std::move(error);
    if (llvm::Error error = stream->synchronize("a run failed"))
      return std::move(error);
  }
  std::vector<double> times;
  for (size_t step = 0; step < steps->size(); ++step) {
    const std::string &name = steps->kernel(step).name;
    rt::NvtxRange range(name);
    auto runs = [&]() -> llvm::Error {
      for (int64_t i = 0; i < kRunsAtOnce; ++i)
        if (llvm::Error error =
                steps->run(step, tensors->inputs(), tensors->outputs(),
                           *workspace, stream->handle()))
          return error;
      return llvm::Error::success();
    };
    std::vector<double> samples;
    for (int64_t i = 0; i <= kSamples; ++i) {
      auto ms = rt::timeOnStream(*stream, "kernel '" + name + "' failed", runs);
      if (!ms)
        return ms.takeError();
      if (i > 0) // the first one warms up
        samples.push_back(*ms / double(kRunsAtOnce));
    }
    times.push_back(summarise(std::move(samples)).median);
  }
  return times;
}

/// The steps of a kernel of the CPU, in one run.
static llvm::Expected<std::vector<double>>
profileOnCpu(const rt::CompiledKernel &kernel, const NamedTensors &inputs,
             const NamedTensors &outputs) {
  auto in = viewsOf(kernel.program(), inputs, Buffer::Role::Input);
  if (!in)
    return in.takeError();
  auto out = viewsOf(kernel.program(), outputs, Buffer::Role::Output);
  if (!out)
    return out.takeError();
  std::vector<double> times;
  rt::NvtxRange range(kernel.program().variant);
  if (llvm::Error error = kernel.run(*in, *out, nullptr, 0, &times))
    return std::move(error);
  return times;
}

llvm::Expected<std::vector<LaunchTime>>
llsa::tools::profileSteps(const rt::CompiledKernel &kernel,
                          const NamedTensors &inputs,
                          const NamedTensors &outputs) {
  auto times = kernel.cuda() ? profileOnGpu(*kernel.cuda(), inputs, outputs)
                             : profileOnCpu(kernel, inputs, outputs);
  if (!times)
    return times.takeError();
  const Program &program = kernel.program();
  std::vector<LaunchTime> launches;
  for (auto [step, time] : llvm::zip(program.steps, *times))
    launches.push_back({program.kernels[size_t(step.kernel)].name, time});
  return launches;
}

llvm::Expected<RunTimes> llsa::tools::timeRuns(const rt::CompiledKernel &kernel,
                                               const NamedTensors &inputs,
                                               const NamedTensors &outputs,
                                               int64_t repeat) {
  if (kernel.cuda())
    return timeOnGpu(*kernel.cuda(), inputs, outputs, repeat);
  std::vector<double> times;
  double total = 0;
  auto run = [&]() -> llvm::Error {
    using Clock = std::chrono::steady_clock;
    Clock::time_point start = Clock::now();
    if (llvm::Error error = runOnce(kernel, inputs, outputs))
      return error;
    times.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - start)
            .count());
    total += times.back();
    return llvm::Error::success();
  };
  if (llvm::Error error = run())
    return error;
  // Nobody wants the emulator's time, which is long.
  bool isLong = repeat == 0 && (total > kLongRun || kernel.isEmulated());
  if (!isLong)
    times.clear();
  auto wanted = [&] {
    int64_t done = static_cast<int64_t>(times.size());
    if (repeat > 0)
      return done < repeat;
    return !isLong &&
           (done < kFewRuns || (done < kMostRuns && total < kTimeForRuns));
  };
  while (wanted())
    if (llvm::Error error = run())
      return error;
  return summarise(std::move(times));
}

llvm::Expected<std::string> llsa::tools::bindVariant(const rt::Variant &variant,
                                                     const KernelSpec &spec,
                                                     llvm::StringRef target) {
  CompileOptions options;
  options.target = target.str();
  options.locations = true; // for the interpreter's messages
  llvm::Expected<CompileResult> bound = Compiler().compileTo(
      Stage::Bind, variant.text(), variant.name(), spec, options);
  if (!bound)
    return bound.takeError();
  return std::move(bound->text);
}

llvm::Expected<reference::Interpreter>
llsa::tools::makeInterpreter(const rt::Variant &variant, const KernelSpec &spec,
                             llvm::StringRef target) {
  auto text = bindVariant(variant, spec, target);
  if (!text)
    return text.takeError();
  return reference::Interpreter::create(*text, variant.name());
}

llvm::Error llsa::tools::checkMemory(double bytes, llvm::StringRef purpose) {
  auto info = llvm::MemoryBuffer::getFileAsStream("/proc/meminfo");
  if (!info)
    return llvm::Error::success(); // the allocation itself will tell
  llvm::StringRef text = (*info)->getBuffer();
  auto [before, after] = text.split("MemAvailable:");
  uint64_t kilobytes = 0;
  if (after.ltrim().split(' ').first.getAsInteger(10, kilobytes))
    return llvm::Error::success();
  double available = double(kilobytes) * 1024;
  if (bytes <= available)
    return llvm::Error::success();
  return makeError("out of memory: {} needs {:.1f} GB, but {:.1f} GB are "
                   "available",
                   purpose.str(), bytes / 1e9, available / 1e9);
}
