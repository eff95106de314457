//===- llsa.cpp - the C interface over the Jit ------------------*- C++ -*-===//
#include "runtime/capi/llsa.h"

#include "runtime/jit/Device.h"
#include "runtime/jit/Jit.h"
#include "runtime/support/Env.h"
#include "runtime/support/Files.h"
#include "llvm/Support/ErrorHandling.h"
#include <fmt/format.h>
#include <map>
#include <mutex>

using namespace llsa;
using namespace llsa::rt;

struct LlsaError {
  LlsaErrorCode code;
  std::string message;
};

struct LlsaKernel {
  Jit::KernelPtr kernel;
  std::vector<int64_t> inputs, outputs; ///< indices into the buffers
  std::string json;
};

struct LlsaContext {
  explicit LlsaContext(JitOptions options) : jit(std::move(options)) {}
  Jit jit;
  std::mutex mutex;
  std::map<const CompiledKernel *, std::unique_ptr<LlsaKernel>> kernels;
};

struct LlsaVariant {
  explicit LlsaVariant(Variant variant) : variant(std::move(variant)) {}
  Variant get() const {
    std::lock_guard<std::mutex> lock(mutex);
    return variant;
  }
  void addDeviceFunctions(CudaSource source) {
    std::lock_guard<std::mutex> lock(mutex);
    std::vector<CudaSource> sources = variant.deviceFunctions();
    sources.push_back(std::move(source));
    variant = variant.withDeviceFunctions(std::move(sources));
  }

private:
  mutable std::mutex mutex;
  Variant variant; ///< replaced when device functions come
};

namespace {

/// There may be no memory for another one.
LlsaError outOfMemory{LLSA_ERROR_OUT_OF_MEMORY, "out of memory"};

LlsaError *makeError(LlsaErrorCode code, std::string message) {
  return new LlsaError{code, std::move(message)};
}

LlsaError *invalid(const char *function, const std::string &message) {
  return makeError(LLSA_ERROR_INVALID_ARGUMENT,
                   fmt::format("{}: {}", function, message));
}

/// What the standard library throws. Every function that can fail catches it.
LlsaError *caught(const char *function, const std::exception &exception) {
  if (dynamic_cast<const std::bad_alloc *>(&exception))
    return &outOfMemory;
  return makeError(LLSA_ERROR_SYSTEM,
                   fmt::format("{}: {}", function, exception.what()));
}

/// LLVM ends the process where its containers get no memory, unless told so.
void throwWhenOutOfMemory() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::install_bad_alloc_error_handler(
        [](void *, const char *, bool) { throw std::bad_alloc(); });
  });
}

/// Errors of the system carry errno as their code; all others are `code`.
LlsaError *convert(llvm::Error error, LlsaErrorCode code) {
  std::string message;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &info) {
    message += (message.empty() ? "" : "\n") + info.message();
    std::error_code number = info.convertToErrorCode();
    if (number == std::errc::not_enough_memory)
      code = LLSA_ERROR_OUT_OF_MEMORY;
    else if (number.category() == cudaCategory())
      code = LLSA_ERROR_DEVICE;
    else if (number.category() == std::generic_category())
      code = LLSA_ERROR_SYSTEM;
  });
  return makeError(code, std::move(message));
}

/// Refuses lengths that no text has, before memory for a copy is asked for.
LlsaError *checkLength(const char *function, size_t length) {
  if (length <= kMostSourceBytes)
    return nullptr;
  return invalid(function, fmt::format("length is {}: expected at most {}",
                                       length, kMostSourceBytes));
}

DLDataType toDLDataType(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return {kDLFloat, 32, 1};
  case ElementType::BF16:
    return {kDLBfloat, 16, 1};
  case ElementType::F16:
    return {kDLFloat, 16, 1};
  case ElementType::I32:
    return {kDLInt, 32, 1};
  case ElementType::I8:
    return {kDLInt, 8, 1};
  }
  llvm_unreachable("all element types are listed");
}

/// Such as float64 or int16x4.
std::string nameOf(DLDataType dtype) {
  constexpr const char *kKinds[] = {"int",    "uint",    "float", "handle",
                                    "bfloat", "complex", "bool"};
  std::string name =
      dtype.code < std::size(kKinds)
          ? fmt::format("{}{}", kKinds[dtype.code], int(dtype.bits))
          : fmt::format("{} bits of DLPack's type code {}", int(dtype.bits),
                        int(dtype.code));
  if (dtype.lanes != 1)
    name += fmt::format("x{}", int(dtype.lanes));
  return name;
}

bool fromDLDataType(DLDataType dtype, ElementType &type) {
  for (ElementType candidate : kElementTypes) {
    DLDataType known = toDLDataType(candidate);
    if (dtype.code == known.code && dtype.bits == known.bits &&
        dtype.lanes == known.lanes) {
      type = candidate;
      return true;
    }
  }
  return false;
}

DLDevice deviceOf(const LlsaKernel &kernel) {
  if (const CudaExecutor *executor = kernel.kernel->cuda())
    return {kDLCUDA, executor->device()->ordinal()};
  return {kDLCPU, 0};
}

/// What is wrong with a tensor's device; empty: nothing.
std::string checkDevice(const DLDevice &expected, const DLDevice &device) {
  bool isHost =
      device.device_type == kDLCPU || device.device_type == kDLCUDAHost;
  bool isGpu =
      device.device_type == kDLCUDA || device.device_type == kDLCUDAManaged;
  if (expected.device_type == kDLCPU)
    return isHost ? ""
                  : fmt::format("expected a tensor in the CPU's memory, got "
                                "DLPack device type {}",
                                int(device.device_type));
  if (!isGpu)
    return fmt::format(
        "expected a tensor on GPU {}, got {}", expected.device_id,
        isHost ? "one in the CPU's memory"
               : fmt::format("DLPack device type {}", int(device.device_type)));
  if (device.device_type == kDLCUDA && device.device_id != expected.device_id)
    return fmt::format("expected a tensor on GPU {}, got one on GPU {}",
                       expected.device_id, device.device_id);
  return "";
}

/// Converts DLPack's views; what DLPack can say and Tensor cannot is refused.
LlsaError *convertTensors(const LlsaKernel &kernel, bool isOutput,
                          DLTensor *const *tensors, size_t count,
                          llvm::SmallVectorImpl<Tensor> &converted) {
  const std::vector<int64_t> &buffers =
      isOutput ? kernel.outputs : kernel.inputs;
  const char *kind = isOutput ? "output" : "input";
  DLDevice device = deviceOf(kernel);
  converted.reserve(count);
  if (count > 0 && !tensors)
    return invalid("llsaKernelLaunch",
                   fmt::format("the array of {}s is null", kind));
  for (size_t i = 0; i < count; ++i) {
    auto fail = [&](const std::string &message) {
      // A count that does not fit is reported with the other checks.
      std::string name = i < buffers.size()
                             ? kernel.kernel->program().buffers[buffers[i]].name
                             : std::to_string(i);
      return invalid("llsaKernelLaunch",
                     fmt::format("{} '{}': {}", kind, name, message));
    };
    const DLTensor *source = tensors[i];
    if (!source)
      return fail("the tensor is null");
    if (std::string problem = checkDevice(device, source->device);
        !problem.empty())
      return fail(problem);
    Tensor tensor;
    if (!fromDLDataType(source->dtype, tensor.type))
      return fail("expected elements of float32, float16, bfloat16 or int32, "
                  "got " +
                  nameOf(source->dtype));
    if (source->ndim < 0 || (source->ndim > 0 && !source->shape))
      return fail("expected a rank of at least 0 and a shape");
    if (source->data) {
      uint64_t begin = reinterpret_cast<uintptr_t>(source->data);
      if (begin + source->byte_offset < begin)
        return fail(fmt::format("byte_offset {} reaches beyond the address "
                                "space",
                                source->byte_offset));
      tensor.data = static_cast<char *>(source->data) + source->byte_offset;
    }
    tensor.shape = {source->shape, size_t(source->ndim)};
    if (source->strides)
      tensor.strides = {source->strides, size_t(source->ndim)};
    converted.push_back(tensor);
  }
  return nullptr;
}

LlsaError *tensorInfo(const char *function, const LlsaKernel *kernel,
                      bool isOutput, size_t index, LlsaTensorInfo *info) {
  if (!kernel || !info)
    return invalid(function, "kernel or info is null");
  const std::vector<int64_t> &buffers =
      isOutput ? kernel->outputs : kernel->inputs;
  if (index >= buffers.size())
    return invalid(function, fmt::format("index {}: the kernel has {}", index,
                                         buffers.size()));
  const Buffer &buffer = kernel->kernel->program().buffers[buffers[index]];
  *info = {buffer.name.c_str(), toDLDataType(buffer.type),
           int32_t(buffer.shape.size()), buffer.shape.data()};
  return nullptr;
}

} // namespace

extern "C" {

#define LLSA_TEXT2(x) #x
#define LLSA_TEXT(x) LLSA_TEXT2(x)

const char *llsaVersion(void) {
  return LLSA_TEXT(LLSA_VERSION_MAJOR) "." LLSA_TEXT(
      LLSA_VERSION_MINOR) "." LLSA_TEXT(LLSA_VERSION_PATCH);
}

const char *llsaBuildId(void) {
  static const std::string id = buildId().str();
  return id.c_str();
}

LlsaErrorCode llsaErrorCode(const LlsaError *error) { return error->code; }

const char *llsaErrorMessage(const LlsaError *error) {
  return error->message.c_str();
}

void llsaErrorFree(LlsaError *error) {
  if (error != &outOfMemory)
    delete error;
}

LlsaError *llsaContextCreate(const LlsaContextOptions *options,
                             LlsaContext **context) try {
  if (!context)
    return invalid("llsaContextCreate", "context is null");
  *context = nullptr;
  throwWhenOutOfMemory();
  JitOptions jit = JitOptions::fromEnvironment();
  if (options) {
    if (options->structSize != sizeof(LlsaContextOptions))
      return invalid("llsaContextCreate",
                     fmt::format("options->structSize is {}: expected {}",
                                 options->structSize,
                                 sizeof(LlsaContextOptions)));
    if (options->target)
      jit.target = options->target;
    if (options->cacheDir)
      jit.cache.dir =
          llvm::StringRef(options->cacheDir) == "off" ? "" : options->cacheDir;
    if (options->numThreads > env::kMostThreads)
      return invalid("llsaContextCreate",
                     fmt::format("numThreads is {}: expected at most {}",
                                 options->numThreads, env::kMostThreads));
    if (options->numThreads)
      jit.threads = options->numThreads;
  }
  // An unknown target is the caller's first mistake, not the first kernel's.
  if (auto device = Device::open(jit.target); !device)
    return convert(device.takeError(), LLSA_ERROR_INVALID_ARGUMENT);
  *context = new LlsaContext(std::move(jit));
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaContextCreate", exception);
}

void llsaContextDestroy(LlsaContext *context) { delete context; }

LlsaError *llsaVariantLoad(const char *path, LlsaVariant **variant) try {
  if (!variant)
    return invalid("llsaVariantLoad", "variant is null");
  *variant = nullptr;
  if (!path)
    return invalid("llsaVariantLoad", "path is null");
  llvm::Expected<Variant> loaded = Variant::fromFile(path);
  if (!loaded)
    return convert(loaded.takeError(), LLSA_ERROR_SYSTEM);
  *variant = new LlsaVariant(std::move(*loaded));
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaVariantLoad", exception);
}

LlsaError *llsaVariantCreate(const char *text, size_t length, const char *name,
                             LlsaVariant **variant) try {
  if (!variant)
    return invalid("llsaVariantCreate", "variant is null");
  *variant = nullptr;
  if (!text || !name)
    return invalid("llsaVariantCreate", "text or name is null");
  if (LlsaError *error = checkLength("llsaVariantCreate", length))
    return error;
  *variant =
      new LlsaVariant(Variant::fromSource(std::string(text, length), name));
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaVariantCreate", exception);
}

LlsaError *llsaVariantAddDeviceFunctions(LlsaVariant *variant, const char *text,
                                         size_t length, const char *name) try {
  if (!variant || !text || !name)
    return invalid("llsaVariantAddDeviceFunctions",
                   "variant, text or name is null");
  if (LlsaError *error = checkLength("llsaVariantAddDeviceFunctions", length))
    return error;
  variant->addDeviceFunctions({name, std::string(text, length)});
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaVariantAddDeviceFunctions", exception);
}

void llsaVariantDestroy(LlsaVariant *variant) { delete variant; }

LlsaError *llsaKernelGet(LlsaContext *context, const LlsaVariant *variant,
                         const char *spec, LlsaKernel **kernel) try {
  if (!kernel)
    return invalid("llsaKernelGet", "kernel is null");
  *kernel = nullptr;
  if (!context || !variant || !spec)
    return invalid("llsaKernelGet", "context, variant or spec is null");
  llvm::Expected<KernelSpec> parsed = KernelSpec::parse(spec);
  if (!parsed)
    return convert(parsed.takeError(), LLSA_ERROR_INVALID_ARGUMENT);
  llvm::Expected<Jit::KernelPtr> compiled =
      context->jit.get(variant->get(), *parsed);
  if (!compiled)
    return convert(compiled.takeError(), LLSA_ERROR_COMPILE);

  std::lock_guard<std::mutex> lock(context->mutex);
  std::unique_ptr<LlsaKernel> &slot = context->kernels[compiled->get()];
  if (!slot) {
    const Program &program = (*compiled)->program();
    slot.reset(new LlsaKernel{*compiled, program.buffersOf(Buffer::Role::Input),
                              program.buffersOf(Buffer::Role::Output),
                              program.toJSON()});
  }
  *kernel = slot.get();
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaKernelGet", exception);
}

LlsaError *llsaKernelLaunch(const LlsaKernel *kernel, DLTensor *const *inputs,
                            size_t numInputs, DLTensor *const *outputs,
                            size_t numOutputs, void *workspace,
                            size_t workspaceBytes, void *stream) try {
  if (!kernel)
    return invalid("llsaKernelLaunch", "kernel is null");
  const CudaExecutor *onGpu = kernel->kernel->cuda();
  if (stream && !onGpu)
    return invalid("llsaKernelLaunch", "stream must be null on the CPU");
  if (workspace && workspaceBytes > size_t(INT64_MAX))
    return invalid("llsaKernelLaunch",
                   fmt::format("workspaceBytes is {}: expected at most {}",
                               workspaceBytes, INT64_MAX));
  llvm::SmallVector<Tensor, 16> in, out; // no allocation
  if (LlsaError *error = convertTensors(*kernel, false, inputs, numInputs, in))
    return error;
  if (LlsaError *error =
          convertTensors(*kernel, true, outputs, numOutputs, out))
    return error;
  // DLPack tensors say where they are: the driver need not be asked.
  llvm::Error error =
      onGpu ? onGpu->run(in, out, workspace, int64_t(workspaceBytes),
                         static_cast<CUstream>(stream),
                         CudaExecutor::Places::Known)
            : kernel->kernel->run(in, out, workspace, int64_t(workspaceBytes));
  if (error)
    return convert(std::move(error), LLSA_ERROR_INVALID_ARGUMENT);
  return nullptr;
} catch (const std::exception &exception) {
  return caught("llsaKernelLaunch", exception);
}

size_t llsaKernelNumInputs(const LlsaKernel *kernel) {
  return kernel->inputs.size();
}

size_t llsaKernelNumOutputs(const LlsaKernel *kernel) {
  return kernel->outputs.size();
}

LlsaError *llsaKernelInput(const LlsaKernel *kernel, size_t index,
                           LlsaTensorInfo *info) try {
  return tensorInfo("llsaKernelInput", kernel, false, index, info);
} catch (const std::exception &exception) {
  return caught("llsaKernelInput", exception);
}

LlsaError *llsaKernelOutput(const LlsaKernel *kernel, size_t index,
                            LlsaTensorInfo *info) try {
  return tensorInfo("llsaKernelOutput", kernel, true, index, info);
} catch (const std::exception &exception) {
  return caught("llsaKernelOutput", exception);
}

DLDevice llsaKernelDevice(const LlsaKernel *kernel) {
  return deviceOf(*kernel);
}

size_t llsaKernelWorkspaceBytes(const LlsaKernel *kernel) {
  return size_t(kernel->kernel->workspaceBytes());
}

const char *llsaKernelExplain(const LlsaKernel *kernel) {
  return kernel->kernel->program().explain.c_str();
}

const char *llsaKernelProgramJSON(const LlsaKernel *kernel) {
  return kernel->json.c_str();
}

const char *llsaKernelTarget(const LlsaKernel *kernel) {
  return kernel->kernel->program().target.c_str();
}

} // extern "C"
