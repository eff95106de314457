//===- CudaExecutor.cpp - a Program's steps on a GPU ----------------------===//
#include "runtime/cuda/CudaExecutor.h"

#include "runtime/cuda/TensorMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

// CUjit_option, CUfunction_attribute, CUpointer_attribute, CUmemorytype,
// CUstreamCaptureStatus.
static constexpr int kErrorLogBuffer = 5, kErrorLogSize = 6;
static constexpr int kMaxDynamicShared = 8;
static constexpr int kMemoryType = 2, kDeviceOrdinal = 9;
static constexpr unsigned kDeviceMemory = 2;
static constexpr int kNotCapturing = 0;
static constexpr int64_t kLanes = 32;

Error CudaExecutor::fail(const std::string &message) const {
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("kernel '{}': {}", plan->variant, message));
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
  if (!module)
    return;
  CudaDevice::Scope scope(*gpu);
  gpu->driver().ModuleUnload(module);
}

Error CudaExecutor::load() {
  if (plan->codeFormat != "ptx" && plan->codeFormat != "cubin")
    return fail(fmt::format("expected code of format ptx or cubin, got '{}'",
                            plan->codeFormat));
  CudaDevice::Scope scope(*gpu);
  const CudaDriver &cu = gpu->driver();
  std::vector<char> log(16384, 0);
  int options[] = {kErrorLogBuffer, kErrorLogSize};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  // std::string ends in a zero, as PTX must.
  CUresult result = cu.ModuleLoadDataEx(&module, plan->code.c_str(), 2,
                                        options, values);
  if (result != 0) {
    module = nullptr;
    std::string text = log.data();
    return fail(toString(cu.check(
        result, fmt::format("GPU {} ({}) cannot load code for {}{}{}",
                            gpu->ordinal(), gpu->name(), plan->target,
                            text.empty() ? "" : "; the assembler says: ",
                            text))));
  }
  for (const Kernel &kernel : plan->kernels) {
    CUfunction function = nullptr;
    if (Error error = cu.check(
            cu.ModuleGetFunction(&function, module, kernel.name.c_str()),
            fmt::format("the code has no kernel '{}'", kernel.name)))
      return fail(toString(std::move(error)));
    if (kernel.sharedBytes > 0)
      if (Error error = cu.check(
              cu.FuncSetAttribute(function, kMaxDynamicShared,
                                  int(kernel.sharedBytes)),
              fmt::format("'{}' cannot have {} bytes of shared memory",
                          kernel.name, kernel.sharedBytes)))
        return fail(toString(std::move(error)));
    functions.push_back(function);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

Error CudaExecutor::checkPlaces(ArrayRef<Tensor> tensors,
                                Buffer::Role role) const {
  const CudaDriver &cu = gpu->driver();
  size_t next = 0;
  for (int64_t b : plan->buffersOf(role)) {
    const Buffer &buffer = plan->buffers[size_t(b)];
    const Tensor &tensor = tensors[next++];
    auto address = CUdeviceptr(reinterpret_cast<uintptr_t>(tensor.data));
    unsigned type = 0;
    int ordinal = -1;
    if (cu.PointerGetAttribute(&type, kMemoryType, address) != 0 ||
        type != kDeviceMemory)
      return fail(fmt::format("'{}' is not in a GPU's memory: expected it on "
                              "GPU {}",
                              buffer.name, gpu->ordinal()));
    if (cu.PointerGetAttribute(&ordinal, kDeviceOrdinal, address) == 0 &&
        ordinal != gpu->ordinal())
      return fail(fmt::format("'{}' is on GPU {}: expected it on GPU {}",
                              buffer.name, ordinal, gpu->ordinal()));
    // What kernels read and write 16 bytes at a time.
    int64_t size = byteSize(buffer.type);
    if (buffer.shape.size() < 2 || buffer.shape.back() * size % kAlignment != 0)
      continue;
    if (address % kAlignment != 0)
      return fail(fmt::format("'{}' is at address {:#x}: expected a multiple "
                              "of {} bytes",
                              buffer.name, address, kAlignment));
    for (size_t d = 0; d + 1 < tensor.strides.size(); ++d)
      if (buffer.shape[d] > 1 && tensor.strides[d] * size % kAlignment != 0)
        return fail(fmt::format("'{}' has a stride of {} elements in dimension "
                                "{}: expected a multiple of {} bytes",
                                buffer.name, tensor.strides[d], d, kAlignment));
  }
  return Error::success();
}

Expected<void *> CudaExecutor::ownWorkspace(CUstream stream) const {
  if (plan->workspaceBytes == 0)
    return nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  if (!spare.data()) {
    const CudaDriver &cu = gpu->driver();
    int capturing = kNotCapturing;
    if (cu.StreamIsCapturing(stream, &capturing) == 0 &&
        capturing != kNotCapturing)
      return fail("the stream is being captured, and the workspace is not "
                  "allocated yet: expected a workspace, or a run before");
    Expected<CudaMemory> memory =
        CudaMemory::allocate(gpu, plan->workspaceBytes);
    if (!memory)
      return memory.takeError();
    spare = std::move(*memory);
  }
  return spare.data();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Error CudaExecutor::launch(const Step &step, ArrayRef<Tensor> inputs,
                           ArrayRef<Tensor> outputs, char *workspace,
                           CUstream stream) const {
  SmallVector<int64_t, 64> values;
  const Kernel &kernel = plan->kernels[size_t(step.kernel)];
  SmallVector<CUtensorMap, 4> maps(kernel.views.size());
  size_t numInputs = plan->buffersOf(Buffer::Role::Input).size();
  for (auto [position, b] : enumerate(step.args)) {
    const Buffer &buffer = plan->buffers[size_t(b)];
    auto view = [&](void *address, ArrayRef<int64_t> strides) -> Error {
      for (auto [map, wanted] : zip(maps, kernel.views)) {
        if (wanted.arg != int64_t(position))
          continue;
        Expected<CUtensorMap> encoded =
            encodeView(gpu->driver(), wanted, buffer, address, strides);
        if (!encoded)
          return encoded.takeError();
        map = *encoded;
      }
      return Error::success();
    };
    if (buffer.role == Buffer::Role::Workspace) {
      void *address = workspace + buffer.offset;
      values.push_back(int64_t(reinterpret_cast<uintptr_t>(address)));
      if (Error error = view(address, contiguousStrides(buffer.shape)))
        return error;
      continue;
    }
    // Inputs stand first among the buffers, then outputs.
    const Tensor &tensor = buffer.role == Buffer::Role::Input
                               ? inputs[size_t(b)]
                               : outputs[size_t(b) - numInputs];
    values.push_back(int64_t(reinterpret_cast<uintptr_t>(tensor.data)));
    std::vector<int64_t> plain;
    ArrayRef<int64_t> strides = tensor.strides;
    if (strides.empty()) {
      plain = contiguousStrides(buffer.shape);
      strides = plain;
    }
    if (buffer.shape.size() >= 2)
      values.append(strides.begin(), strides.end() - 1);
    if (Error error = view(tensor.data, strides))
      return error;
  }
  SmallVector<void *, 64> params;
  for (int64_t &value : values)
    params.push_back(&value);
  for (CUtensorMap &map : maps)
    params.push_back(&map);
  const CudaDriver &cu = gpu->driver();
  return cu.check(cu.LaunchKernel(functions[size_t(step.kernel)],
                                  unsigned(kernel.ctas), 1, 1,
                                  unsigned(kernel.warps * kLanes), 1, 1,
                                  unsigned(kernel.sharedBytes), stream,
                                  params.data(), nullptr),
                  fmt::format("kernel '{}': cannot launch '{}'", plan->variant,
                              kernel.name));
}

Error CudaExecutor::run(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                        void *workspace, int64_t workspaceBytes,
                        CUstream stream) const {
  if (Error error = checkTensors(*plan, inputs, outputs))
    return fail(toString(std::move(error)));
  CudaDevice::Scope scope(*gpu);
  if (Error error = checkPlaces(inputs, Buffer::Role::Input))
    return error;
  if (Error error = checkPlaces(outputs, Buffer::Role::Output))
    return error;
  if (workspace) {
    if (workspaceBytes < plan->workspaceBytes)
      return fail(fmt::format("expected a workspace of at least {} bytes, got "
                              "{}",
                              plan->workspaceBytes, workspaceBytes));
    if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0)
      return fail(fmt::format("expected a workspace aligned to {} bytes, got "
                              "address {}",
                              kWorkspaceAlignment, workspace));
  } else {
    Expected<void *> own = ownWorkspace(stream);
    if (!own)
      return own.takeError();
    workspace = *own;
  }
  for (const Step &step : plan->steps)
    if (Error error = launch(step, inputs, outputs,
                             static_cast<char *>(workspace), stream))
      return error;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

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
  Expected<void *> workspace = ownWorkspace(nullptr);
  if (!workspace)
    return workspace.takeError();
  std::vector<double> times;
  for (const Step &step : plan->steps) {
    Expected<double> time = measure([&] {
      return launch(step, inputs, outputs, static_cast<char *>(*workspace),
                    nullptr);
    });
    if (!time)
      return time.takeError();
    times.push_back(*time);
  }
  return times;
}

} // namespace llsa::rt
