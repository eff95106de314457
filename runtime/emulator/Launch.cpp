//===- Launch.cpp -----------------------------------------------*- C++ -*-===//
#include "runtime/emulator/Launch.h"

#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Parser.h"
#include "runtime/host/ThreadPool.h"
#include "llvm/Support/MathExtras.h"
#include <atomic>
#include <fmt/format.h>
#include <mutex>

using namespace llvm;

namespace llsa::ptx {

/// The most shared memory that any supported GPU gives a CTA.
static constexpr uint64_t kMostSharedBytes = 227 << 10;

static Error fail(const Kernel &kernel, const std::string &message) {
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("kernel '{}': {}", kernel.name, message));
}

static Expected<std::vector<uint8_t>>
packParameters(const Kernel &kernel, const Arguments &arguments) {
  std::vector<uint8_t> block(kernel.parameterBytes);
  if (arguments.size() != kernel.parameters.size())
    return fail(kernel,
                fmt::format("expected {} arguments, got {}",
                            kernel.parameters.size(), arguments.size()));
  for (size_t p = 0; p < kernel.parameters.size(); ++p) {
    const Parameter &parameter = kernel.parameters[p];
    if (arguments[p].size() != parameter.bytes)
      return fail(kernel,
                  fmt::format("parameter '{}': expected {} bytes, got {}",
                              parameter.name, parameter.bytes,
                              arguments[p].size()));
    std::memcpy(block.data() + parameter.offset, arguments[p].data(),
                parameter.bytes);
  }
  return block;
}

/// The module's own variables, alive during one launch.
class ModuleStorage {
public:
  ModuleStorage(const Kernel &kernel, GlobalMemory &memory)
      : kernel(kernel), memory(memory) {
    for (const ModuleVariable &place : kernel.moduleVariables) {
      const Variable &variable = kernel.module->variables[place.variable];
      auto &bytes = storage.emplace_back(variable.bytes / 8 + 1);
      std::memcpy(bytes.data(), variable.initial.data(),
                  std::min<size_t>(variable.initial.size(), variable.bytes));
      memory.addAt(place.address, variable.name, bytes.data(), variable.bytes,
                   variable.space == Space::Const
                       ? GlobalMemory::Access::ReadOnly
                       : GlobalMemory::Access::ReadWrite);
    }
  }
  ~ModuleStorage() {
    for (const ModuleVariable &place : kernel.moduleVariables)
      memory.removeAt(place.address);
  }

private:
  const Kernel &kernel;
  GlobalMemory &memory;
  std::deque<std::vector<uint64_t>> storage;
};

Error launch(const Kernel &kernel, Dim3 grid, Dim3 block,
             uint32_t dynamicSharedBytes, const Arguments &arguments,
             GlobalMemory &memory, rt::ThreadPool &threads,
             const LaunchOptions &options) {
  if (grid.count() == 0 || block.count() == 0 || block.count() > 1024)
    return fail(kernel, fmt::format("expected a grid that is not empty and "
                                    "blocks of 1 to 1024 threads, got {} and "
                                    "{}",
                                    grid.count(), block.count()));
  // Dynamic shared memory lies behind static, as aligned as it asks for.
  uint64_t sharedBytes = kernel.dynamicSharedStart + dynamicSharedBytes;
  if (sharedBytes > kMostSharedBytes)
    return fail(kernel, fmt::format("expected at most {} bytes of shared "
                                    "memory, got {}",
                                    kMostSharedBytes, sharedBytes));
  Expected<std::vector<uint8_t>> parameters = packParameters(kernel, arguments);
  if (!parameters)
    return parameters.takeError();
  ModuleStorage storage(kernel, memory);
  LaunchContext context{kernel,
                        grid,
                        block,
                        uint32_t(sharedBytes),
                        dynamicSharedBytes,
                        std::move(*parameters),
                        memory,
                        options.mostInstructions};

  // Of all faults, the one of the first CTA is reported: CTAs before it go on,
  // those behind it need not.
  std::mutex mutex;
  std::string fault;
  std::atomic<uint64_t> firstFault{~uint64_t(0)};
  std::atomic<uint64_t> executed{0};
  constexpr int64_t kStack = 1 << 20;
  Error error = threads.parallelFor(
      int64_t(grid.count()), kStack, [&](int64_t first, int64_t last) {
        Cta cta(context);
        for (int64_t c = first; c < last && uint64_t(c) < firstFault; ++c) {
          if (cta.run(uint64_t(c)))
            continue;
          std::lock_guard<std::mutex> lock(mutex);
          if (uint64_t(c) < firstFault) {
            firstFault = uint64_t(c);
            fault = cta.fault();
          }
          break;
        }
        executed += cta.executed;
      });
  if (error)
    return error;
  if (options.instructions)
    *options.instructions += executed;
  if (!fault.empty())
    return createStringError(inconvertibleErrorCode(), fault);
  return Error::success();
}

Error runPtxKernel(std::string text, StringRef entry, Dim3 grid, Dim3 block,
                   uint32_t dynamicSharedBytes, const Arguments &arguments,
                   GlobalMemory &memory, const LaunchOptions &options) {
  Expected<std::unique_ptr<ModuleSyntax>> module = parseModule(std::move(text));
  if (!module)
    return module.takeError();
  Expected<std::shared_ptr<const Kernel>> kernel =
      decodeKernel(std::move(*module), entry);
  if (!kernel)
    return kernel.takeError();
  rt::ThreadPool threads;
  return launch(**kernel, grid, block, dynamicSharedBytes, arguments, memory,
                threads, options);
}

} // namespace llsa::ptx
