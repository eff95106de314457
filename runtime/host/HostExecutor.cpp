//===- HostExecutor.cpp -----------------------------------------*- C++ -*-===//
#include "runtime/host/HostExecutor.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

// The words of an MLIR memref descriptor: allocated pointer, aligned pointer,
// offset, sizes, strides.
static constexpr size_t kPointerWords = 2;
static constexpr size_t kSizesWord = 3;

HostExecutor::HostExecutor(std::shared_ptr<const Program> program,
                           std::unique_ptr<HostModule> module,
                           ThreadPool &threads)
    : plan(std::move(program)), module(std::move(module)), threads(threads) {
  for (const Buffer &buffer : plan->buffers) {
    descriptorStart.push_back(descriptorTemplate.size());
    descriptorTemplate.insert(descriptorTemplate.end(), kSizesWord, 0);
    descriptorTemplate.insert(descriptorTemplate.end(), buffer.shape.begin(),
                              buffer.shape.end());
    std::vector<int64_t> strides = contiguousStrides(buffer.shape);
    descriptorTemplate.insert(descriptorTemplate.end(), strides.begin(),
                              strides.end());
  }
}

HostExecutor::~HostExecutor() { std::free(spareWorkspace.load()); }

Expected<std::unique_ptr<HostExecutor>>
HostExecutor::create(std::shared_ptr<const Program> program,
                     ThreadPool &threads) {
  Expected<std::unique_ptr<HostModule>> module = HostModule::load(*program);
  if (!module)
    return module.takeError();
  return std::unique_ptr<HostExecutor>(
      new HostExecutor(std::move(program), std::move(*module), threads));
}

Error HostExecutor::run(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                        void *workspace, int64_t workspaceBytes,
                        std::vector<double> *stepMilliseconds) const {
  auto fail = [&](const std::string &message) {
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("kernel '{}': {}", plan->variant, message));
  };
  if (Error error = checkTensors(*plan, inputs, outputs, workspace))
    return fail(toString(std::move(error)));

  if (Error error =
          checkWorkspace(*plan, workspace, workspaceBytes, kWorkspaceAlignment))
    return fail(toString(std::move(error)));

  int64_t needed = plan->workspaceBytes;
  if (workspace)
    return runSteps(inputs, outputs, static_cast<char *>(workspace),
                    stepMilliseconds);
  void *owned = nullptr;
  if (needed > 0) {
    owned = spareWorkspace.exchange(nullptr);
    if (!owned)
      owned = std::aligned_alloc(
          kWorkspaceAlignment, alignTo(uint64_t(needed), kWorkspaceAlignment));
    if (!owned)
      return createStringError(
          std::make_error_code(std::errc::not_enough_memory),
          fmt::format("kernel '{}': cannot allocate a workspace of {} bytes",
                      plan->variant, needed));
  }
  Error error =
      runSteps(inputs, outputs, static_cast<char *>(owned), stepMilliseconds);
  std::free(spareWorkspace.exchange(owned));
  return error;
}

Error HostExecutor::runSteps(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                             char *workspace,
                             std::vector<double> *stepMilliseconds) const {
  using Clock = std::chrono::steady_clock;
  if (stepMilliseconds)
    stepMilliseconds->clear();
  SmallVector<int64_t, 256> descriptors(descriptorTemplate.begin(),
                                        descriptorTemplate.end());
  size_t nextInput = 0, nextOutput = 0;
  for (size_t b = 0; b < plan->buffers.size(); ++b) {
    const Buffer &buffer = plan->buffers[b];
    int64_t *descriptor = &descriptors[descriptorStart[b]];
    const void *data = workspace + buffer.offset;
    if (buffer.role != Buffer::Role::Workspace) {
      const Tensor &tensor = buffer.role == Buffer::Role::Input
                                 ? inputs[nextInput++]
                                 : outputs[nextOutput++];
      data = tensor.data;
      size_t rank = buffer.shape.size();
      for (size_t d = 0; d < tensor.strides.size(); ++d)
        // The stride of a single element is never walked; generated code may
        // still take the last one for 1.
        if (buffer.shape[d] > 1)
          descriptor[kSizesWord + rank + d] = tensor.strides[d];
    }
    std::fill_n(descriptor, kPointerWords,
                int64_t(reinterpret_cast<uintptr_t>(data)));
  }

  SmallVector<void *, 16> args;
  for (const Step &step : plan->steps) {
    args.clear();
    for (int64_t b : step.args)
      args.push_back(&descriptors[descriptorStart[b]]);
    const Kernel &kernel = plan->kernels[step.kernel];
    Clock::time_point start = Clock::now();
    HostKernel entry = module->kernel(size_t(step.kernel));
    if (Error error = threads.parallelFor(kernel.items, kernel.stackBytes,
                                          [&](int64_t first, int64_t last) {
                                            entry(args.data(), first, last);
                                          }))
      return error;
    if (stepMilliseconds)
      stepMilliseconds->push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - start)
              .count());
  }
  return Error::success();
}

} // namespace llsa::rt
