//===- CudaExecutor.cpp - a Program's steps on a GPU ----------------------===//
#include "runtime/cuda/CudaExecutor.h"

#include "runtime/cuda/LaneRun.h"
#include "runtime/cuda/StridedCopy.h"
#include "runtime/support/Env.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

// CUjit_option, CUfunction_attribute, CUpointer_attribute, CUmemorytype.
static constexpr int kErrorLogBuffer = 5, kErrorLogSize = 6;
static constexpr int kMaxDynamicShared = 8;
static constexpr int kMemoryType = 2, kIsManaged = 8, kDeviceOrdinal = 9;
static constexpr unsigned kTypeDevice = 2;

CudaExecutor::CudaExecutor(std::shared_ptr<const Program> program,
                           std::shared_ptr<const CudaDevice> device)
    : plan(std::move(program)), gpu(std::move(device)), launches(*plan),
      numInputs(plan->buffersOf(Buffer::Role::Input).size()),
      waitAlways(env::cudaSync()),
      useLanes(launches.hasSideLane() && env::cudaLanes() > 1), memory(gpu),
      maps(launches.numViews()) {}

Error CudaExecutor::fail(const std::string &message) const {
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("kernel '{}': {}", plan->variant, message));
}

/// The same error, with the kernel's name in front.
Error CudaExecutor::fail(Error error) const {
  std::error_code code = inconvertibleErrorCode();
  std::string message;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    message = info.message();
    code = info.convertToErrorCode();
  });
  return createStringError(
      code, fmt::format("kernel '{}': {}", plan->variant, message));
}

Expected<std::unique_ptr<CudaExecutor>>
CudaExecutor::create(std::shared_ptr<const Program> program,
                     std::shared_ptr<const CudaDevice> device) {
  std::unique_ptr<CudaExecutor> executor(
      new CudaExecutor(std::move(program), std::move(device)));
  if (Error error = executor->load())
    return std::move(error);
  return executor;
}

CudaExecutor::~CudaExecutor() {
  if (modules.empty())
    return;
  CudaDevice::Scope scope(*gpu);
  graphs.reset();
  for (const Module &module : modules)
    gpu->driver().ModuleUnload(module.handle);
}

Error CudaExecutor::load() {
  if (plan->codeFormat != "ptx" && plan->codeFormat != "cubin")
    return fail(fmt::format("expected code of format ptx or cubin, got '{}'",
                            plan->codeFormat));
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  Expected<std::vector<Cubin>> cubins = unpackCubins(plan->code);
  if (!cubins)
    return fail(cubins.takeError());
  for (const Cubin &cubin : *cubins)
    if (Error error = loadModule(cubin))
      return error;
  for (const Kernel &kernel : plan->kernels) {
    Expected<CUfunction> found = findFunction(kernel);
    if (!found)
      return fail(found.takeError());
    CUfunction function = *found;
    if (kernel.sharedBytes > 0)
      if (Error error =
              cu.check(cu.FuncSetAttribute(function, kMaxDynamicShared,
                                           int(kernel.sharedBytes)),
                       fmt::format("'{}' cannot have {} bytes of shared memory",
                                   kernel.name, kernel.sharedBytes)))
        return fail(std::move(error));
    // Now, not at the first launch, which may be captured.
    if (Error error =
            cu.check(cu.FuncLoad(function),
                     fmt::format("'{}' cannot be loaded", kernel.name)))
      return fail(std::move(error));
    functions.push_back(function);
    Expected<unsigned> ctas = gridOf(kernel, function);
    if (!ctas)
      return ctas.takeError();
    grids.push_back(*ctas);
  }
  if (useLanes)
    gpu->sideStreams().warm(launches.numEvents());
  prepareGraphs();
  return Error::success();
}

void CudaExecutor::prepareGraphs() {
  if (!env::cudaGraphs() || waitAlways || !launches.mayBeGraph() ||
      !RunGraphs::areKnownTo(gpu->driver()))
    return;
  std::vector<RunGraphs::Node> nodes;
  for (const LaunchPlan::Launch &launch : launches.launches()) {
    size_t kernel = size_t(launch.kernel);
    nodes.push_back(
        {functions[kernel], grids[kernel], launch.threads, launch.sharedBytes});
  }
  graphs.emplace(gpu, launches, std::move(nodes), useLanes);
}

Error CudaExecutor::loadModule(const Cubin &cubin) {
  const CudaDriver &cu = gpu->driver();
  std::vector<char> log(16384, 0);
  int options[] = {kErrorLogBuffer, kErrorLogSize};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  CUmodule module = nullptr;
  // std::string ends in a zero, as PTX must.
  CUresult result =
      cu.ModuleLoadDataEx(&module, cubin.code.c_str(), 2, options, values);
  if (result == 0) {
    modules.push_back({cubin.kernel, module});
    return Error::success();
  }
  std::string text = StringRef(log.data()).trim().str();
  return fail(cu.check(
      result, fmt::format("GPU {} ({}) cannot load code for {}{}{}",
                          gpu->ordinal(), gpu->name(), plan->target,
                          text.empty() ? "" : "; the assembler says: ", text)));
}

Expected<CUfunction> CudaExecutor::findFunction(const Kernel &kernel) const {
  CUfunction function = nullptr;
  CUresult result = kCudaNotFound;
  for (const Module &module : modules)
    if (module.kernel.empty() || module.kernel == kernel.name) {
      result = gpu->driver().ModuleGetFunction(&function, module.handle,
                                               kernel.name.c_str());
      break;
    }
  if (Error error = gpu->driver().check(
          result, fmt::format("the code has no kernel '{}'", kernel.name)))
    return std::move(error);
  return function;
}

Expected<unsigned> CudaExecutor::gridOf(const Kernel &kernel,
                                        CUfunction function) const {
  if (!kernel.persistent)
    return unsigned(kernel.ctas);
  int fit = 0;
  if (Error error = gpu->driver().check(
          gpu->driver().OccupancyMaxActiveBlocksPerMultiprocessor(
              &fit, function, int(kernel.warps * 32),
              size_t(kernel.sharedBytes)),
          fmt::format("'{}': no occupancy", kernel.name)))
    return fail(std::move(error));
  return unsigned(std::clamp<int64_t>(int64_t(fit) * gpu->multiprocessors(), 1,
                                      kernel.ctas));
}

//===----------------------------------------------------------------------===//
// Tensors and workspace
//===----------------------------------------------------------------------===//

Error CudaExecutor::checkPlace(StringRef name, void *data) const {
  unsigned type = 0, isManaged = 0;
  int ordinal = -1;
  int attributes[] = {kMemoryType, kIsManaged, kDeviceOrdinal};
  void *values[] = {&type, &isManaged, &ordinal};
  CUresult result = gpu->driver().PointerGetAttributes(
      3, attributes, values, CUdeviceptr(reinterpret_cast<uintptr_t>(data)));
  if (result != 0 || (type != kTypeDevice && !isManaged))
    return fail(fmt::format("'{}' is not in a GPU's memory: expected it on "
                            "GPU {}",
                            name.str(), gpu->ordinal()));
  if (!isManaged && ordinal != gpu->ordinal())
    return fail(fmt::format("'{}' is on GPU {}: expected it on GPU {}",
                            name.str(), ordinal, gpu->ordinal()));
  return Error::success();
}

/// Before anything is taken: memory in the order of a stream is on the stream's
/// GPU, and a graph's kernels have their context whatever stream it is put on.
Error CudaExecutor::checkStream(CUstream stream) const {
  int ordinal = gpu->ordinalOf(stream);
  if (ordinal == gpu->ordinal())
    return Error::success();
  return fail(fmt::format("expected a stream of GPU {}, got one of GPU {}",
                          gpu->ordinal(), ordinal));
}

Expected<void *> CudaExecutor::workspaceFor(void *workspace, int64_t bytes,
                                            CUstream stream) const {
  if (!workspace) {
    if (plan->workspaceBytes == 0)
      return nullptr;
    Expected<void *> own =
        memory.get(stream, 0, plan->workspaceBytes, "workspace");
    if (!own)
      return fail(own.takeError());
    return own;
  }
  if (Error error =
          checkWorkspace(*plan, workspace, bytes, kWorkspaceAlignment))
    return fail(std::move(error));
  if (Error error = checkPlace("workspace", workspace))
    return std::move(error);
  return workspace;
}

Error CudaExecutor::copy(size_t buffer, const LaunchPlan::Place &from,
                         const LaunchPlan::Place &to, CUstream stream) const {
  auto place = [](const LaunchPlan::Place &p) {
    return StridedPlace{CUdeviceptr(reinterpret_cast<uintptr_t>(p.data)),
                        p.strides};
  };
  CUresult result = copyStrided(gpu->driver(), plan->buffers[buffer],
                                place(from), place(to), stream);
  return launchError(
      result, fmt::format("the copy of '{}'", plan->buffers[buffer].name),
      stream);
}

Error CudaExecutor::packTensors(MutableArrayRef<LaunchPlan::Place> places,
                                SmallVectorImpl<size_t> &copied,
                                CUstream stream) const {
  for (size_t b = 0; b < places.size(); ++b) {
    const Buffer &buffer = plan->buffers[b];
    if (isAlignedForGpu(buffer, places[b].data, places[b].strides))
      continue;
    Expected<void *> block =
        memory.get(stream, 1 + b, buffer.numBytes(),
                   fmt::format("aligned copy of '{}'", buffer.name));
    if (!block)
      return fail(block.takeError());
    LaunchPlan::Place packed{static_cast<char *>(*block),
                             launches.packedStrides(b).data()};
    if (b < numInputs)
      if (Error error = copy(b, places[b], packed, stream))
        return error;
    places[b] = packed;
    copied.push_back(b);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// Errors after which a context runs nothing any more (CUresult): what a
/// kernel has done, but not what a launch was asked to do.
static bool isErrorOfAKernel(CUresult result) {
  static constexpr CUresult kSticky[] = {214, 700, 702, 710, 714, 715,
                                         716, 717, 718, 719, 721};
  return is_contained(kSticky, result);
}

Error CudaExecutor::launchError(CUresult result, const std::string &kernel,
                                CUstream stream) const {
  if (result == 0)
    return Error::success();
  const CudaDriver &cu = gpu->driver();
  if (isErrorOfAKernel(result))
    return fail(cu.check(
        result, fmt::format("GPU {} runs nothing any more, because a kernel "
                            "before {}, of this or another library, has "
                            "failed (LLSA_CUDA_SYNC=1 names it if it is ours)",
                            gpu->ordinal(), kernel)));
  CUcontext context = nullptr;
  if (result == kCudaInvalidHandle && cu.StreamGetCtx(stream, &context) == 0 &&
      context != gpu->primaryContext())
    return fail(cu.check(
        result, fmt::format("expected a stream of GPU {}'s primary context, "
                            "got one of another",
                            gpu->ordinal())));
  return fail(cu.check(result, "cannot launch " + kernel));
}

Error CudaExecutor::waitFor(const std::string &kernel, CUstream stream) const {
  const CudaDriver &cu = gpu->driver();
  int capturing = 0;
  CUresult result = cu.StreamIsCapturing(stream, &capturing);
  if (result == 0 && capturing == 0)
    result = cu.StreamSynchronize(stream);
  if (result == 0)
    return Error::success();
  return fail(cu.check(
      result, fmt::format("{} has failed on GPU {}", kernel, gpu->ordinal())));
}

Expected<CudaExecutor::AllArguments>
CudaExecutor::allArguments(ArrayRef<LaunchPlan::Place> places,
                           void *workspace) const {
  AllArguments all;
  for (const LaunchPlan::Launch &launch : launches.launches()) {
    LaunchArguments &own = all.emplace_back();
    own.values.resize(launch.params.size());
    launches.fill(launch, places, static_cast<char *>(workspace), own.values);
    for (const LaunchPlan::View &view : launch.views) {
      LaunchPlan::Place place =
          launches.placeOf(view.buffer, places, static_cast<char *>(workspace));
      const Buffer &buffer = plan->buffers[view.buffer];
      Expected<CUtensorMap> map =
          maps.get(gpu->driver(), view.number, view.view, buffer, place.data,
                   ArrayRef(place.strides, buffer.shape.size()));
      if (!map)
        return fail(map.takeError());
      own.maps.push_back(*map);
    }
  }
  return all;
}

Error CudaExecutor::launch(const LaunchPlan::Launch &launch,
                           LaunchArguments &arguments, CUstream stream,
                           std::optional<int> priority) const {
  CUlaunchAttribute attributes[2] = {};
  unsigned numAttributes = 0;
  auto addAttribute = [&](int id, int value) {
    attributes[numAttributes].id = id;
    attributes[numAttributes++].value.number = value;
  };
  if (launch.dependent && gpu->hasDependentLaunch())
    addAttribute(kProgrammaticStreamSerialization, 1);
  if (priority)
    addAttribute(kPriorityAttribute, *priority);
  CUlaunchConfig config{
      grids[size_t(launch.kernel)], 1,      1,          launch.threads, 1, 1,
      launch.sharedBytes,           stream, attributes, numAttributes};
  CUresult result =
      gpu->driver().LaunchKernelEx(&config, functions[size_t(launch.kernel)],
                                   arguments.pointers().data(), nullptr);
  if (result == 0 && !waitAlways)
    return Error::success();
  std::string name =
      fmt::format("'{}'", plan->kernels[size_t(launch.kernel)].name);
  return result != 0 ? launchError(result, name, stream)
                     : waitFor(name, stream);
}

Error CudaExecutor::launchInLanes(MutableArrayRef<LaunchArguments> arguments,
                                  CUstream stream) const {
  LaneRun lanes(*gpu, launches, stream);
  auto check = [&](CUresult result) {
    return launchError(result, "kernels side by side", stream);
  };
  auto launchSteps = [&]() -> Error {
    if (Error error = check(lanes.begin()))
      return error;
    for (auto [i, step] : enumerate(launches.launches())) {
      LaneRun::Place place;
      if (Error error = check(lanes.before(i, place)))
        return error;
      if (Error error =
              launch(step, arguments[i], place.stream, place.priority))
        return error;
      if (Error error = check(lanes.after(i)))
        return error;
    }
    return Error::success();
  };
  Error error = launchSteps();
  // In any case: the caller's next work must not meet what is on its way.
  CUresult joined = lanes.finish();
  if (error)
    return error;
  return check(joined);
}

Error CudaExecutor::launchAll(MutableArrayRef<LaunchArguments> arguments,
                              CUstream stream) const {
  if (graphs)
    if (auto result = graphs->launch(stream, arguments))
      return launchError(
          *result,
          fmt::format("'{}' and the kernels behind it",
                      plan->kernels[size_t(plan->steps[0].kernel)].name),
          stream);
  if (useLanes)
    return launchInLanes(arguments, stream);
  for (auto [step, own] : zip_equal(launches.launches(), arguments))
    if (Error error = launch(step, own, stream))
      return error;
  return Error::success();
}

Error CudaExecutor::run(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                        void *workspace, int64_t workspaceBytes,
                        CUstream stream, Places known) const {
  if (Error error = checkTensors(*plan, inputs, outputs, workspace))
    return fail(std::move(error));
  CudaDevice::Scope scope(*gpu);
  SmallVector<LaunchPlan::Place, 16> places = launches.places(inputs, outputs);
  if (Error error = checkStream(stream))
    return error;
  if (known == Places::Check)
    for (auto [buffer, place] : zip(plan->buffers, places))
      if (Error error = checkPlace(buffer.name, place.data))
        return error;
  Expected<void *> work = workspaceFor(workspace, workspaceBytes, stream);
  if (!work)
    return work.takeError();
  SmallVector<LaunchPlan::Place, 16> asGiven = places;
  SmallVector<size_t, 4> copied;
  if (Error error = packTensors(places, copied, stream))
    return error;
  Expected<AllArguments> arguments = allArguments(places, *work);
  if (!arguments)
    return arguments.takeError();
  if (Error error = launchAll(*arguments, stream))
    return error;
  for (size_t b : copied)
    if (b >= numInputs)
      if (Error error = copy(b, places[b], asGiven[b], stream))
        return error;
  return Error::success();
}

} // namespace llsa::rt
