//===- Jit.cpp --------------------------------------------------*- C++ -*-===//
#include "runtime/jit/Jit.h"

#include "runtime/cuda/AssembleProgram.h"
#include "runtime/cuda/Assembler.h"
#include "runtime/cuda/DeviceFunctions.h"
#include "runtime/jit/Device.h"
#include "runtime/support/Env.h"
#include "runtime/support/Exceptions.h"
#include "runtime/support/Files.h"
#include "llvm/ADT/Hashing.h"
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <tuple>

using namespace llvm;

namespace llsa::rt {

namespace {

/// The fields of a spec without topk and scale, to hash and compare without its
/// text.
auto plainFields(const KernelSpec &spec) {
  return std::make_tuple(spec.B, spec.H, spec.Hkv, spec.M, spec.N, spec.D,
                         int(spec.dtype), spec.levels.value_or(-1),
                         spec.block.value_or(-1), spec.lse, spec.indices,
                         int(spec.pass), spec.lseGradient, spec.tf32);
}

bool sameFields(const KernelSpec &a, const KernelSpec &b) {
  return plainFields(a) == plainFields(b) && a.topk == b.topk &&
         a.scale == b.scale;
}

uint64_t hashKey(const Variant &variant, const KernelSpec &spec,
                 StringRef target) {
  // The scale is compared but not hashed: few kernels differ in it alone.
  return hash_combine(StringRef(variant.identity()), plainFields(spec),
                      hash_combine_range(spec.topk.begin(), spec.topk.end()),
                      target);
}

} // namespace

struct Jit::Slot {
  std::string variant; ///< its identity
  KernelSpec spec;
  std::string target;
  KernelPtr kernel;
};

JitOptions JitOptions::fromEnvironment() {
  JitOptions options;
  options.threads = env::numThreads();
  options.cache = CacheOptions::fromEnvironment();
  options.dumpDir = env::dumpDir();
  return options;
}

static CacheOptions cacheOptions(const JitOptions &options) {
  CacheOptions cache = options.cache;
  if (!options.dumpDir.empty()) { // a hit would dump nothing
    cache.dir.clear();
    cache.sharedDirs.clear();
  }
  return cache;
}

Jit::Jit(JitOptions options)
    : settings(std::move(options)),
      threads(std::make_shared<ThreadPool>(settings.threads)),
      cache(cacheOptions(settings)) {
  env::reportUnknownVariables();
}

Jit::~Jit() = default;

Jit::KernelPtr Jit::find(uint64_t hash, const Variant &variant,
                         const KernelSpec &spec, StringRef target) const {
  auto it = kernels.find(hash);
  if (it == kernels.end())
    return nullptr;
  for (const Slot &slot : it->second)
    if (slot.variant == variant.identity() && slot.target == target &&
        sameFields(slot.spec, spec))
      return slot.kernel;
  return nullptr;
}

Expected<Jit::KernelPtr> Jit::get(const Variant &variant,
                                  const KernelSpec &spec, StringRef target,
                                  JitReport *report) {
  if (target.empty())
    target = settings.target;
  uint64_t hash = hashKey(variant, spec, target);
  {
    std::shared_lock<std::shared_mutex> lock(mutex);
    if (KernelPtr kernel = find(hash, variant, spec, target)) {
      if (report)
        *report = JitReport();
      return kernel;
    }
  }
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  JitReport local;
  Expected<KernelPtr> kernel = make(variant, spec, target, local);
  if (!kernel)
    return kernel.takeError();
  local.milliseconds =
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  if (report)
    *report = std::move(local);

  std::unique_lock<std::shared_mutex> lock(mutex);
  if (KernelPtr first = find(hash, variant, spec, target))
    return first; // another thread loaded it meanwhile
  kernels[hash].push_back({variant.identity(), spec, target.str(), *kernel});
  return kernel;
}

/// Replaces a program's PTX by machine code; the disk cache keeps that.
/// `dumpDir`: where else; empty: nowhere.
static Error assembleBy(AssemblerSearch &search, const std::string &dumpDir,
                        unsigned threads, Program &program,
                        std::vector<StageTime> &times) {
  auto start = std::chrono::steady_clock::now();
  auto assembler = search.take();
  if (!assembler)
    return assembler.takeError();
  if (Error error = assembleProgram(program, **assembler, threads))
    return error;
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now() - start;
  times.push_back({Stage::Cubin, time.count()});
  if (dumpDir.empty())
    return Error::success();
  return writeFileSynced(
      fmt::format("{}/{:02}-cubin", dumpDir, int(Stage::Cubin) + 1),
      program.code);
}

/// Compiles, once an exception has gone through LLVM never again: a static
/// object whose making it interrupted is waited for ever after.
static Expected<CompileResult> compileSafely(const Variant &variant,
                                             const KernelSpec &spec,
                                             const CompileOptions &options) {
  static std::atomic<bool> interrupted{false};
  std::string name = fmt::format("variant '{}'", variant.name());
  if (interrupted)
    return createStringError(
        std::make_error_code(std::errc::not_enough_memory),
        name + ": this process compiles nothing any more, because memory ran "
               "out in a compilation before; start it anew");
  std::optional<Expected<CompileResult>> result;
  if (Error error = catchExceptions(name, [&] {
        result.emplace(
            Compiler().compile(variant.text(), variant.name(), spec, options));
        return Error::success();
      })) {
    interrupted = true;
    return std::move(error);
  }
  return std::move(*result);
}

Expected<Jit::KernelPtr> Jit::make(const Variant &variant,
                                   const KernelSpec &spec, StringRef target,
                                   JitReport &report) {
  if (Error error = spec.verify())
    return error;
  Expected<Device> device = Device::open(target);
  if (!device)
    return device.takeError();
  CacheKey key{variant.name(),
               variant.hash(),
               spec.str(),
               device->target,
               (device->gpu ? assemblerKey(*device->gpu) : "") +
                   deviceFunctionsKey(variant.deviceFunctions()),
               buildId().str()};
  auto compile = [&]() -> Expected<Program> {
    std::optional<AssemblerSearch> search;
    if (device->gpu)
      search.emplace(device->target, device->gpu);
    CompileOptions options;
    options.target = device->target;
    options.threads = settings.threads;
    if (!settings.dumpDir.empty())
      options.dumpDir = fmt::format("{}/{}-{}", settings.dumpDir,
                                    variant.name(), key.hex().substr(0, 8));
    Expected<CompileResult> result = compileSafely(variant, spec, options);
    if (!result)
      return result.takeError();
    report.times = std::move(result->times);
    if (Error error =
            linkDeviceFunctions(result->program, variant.deviceFunctions()))
      return std::move(error);
    if (search)
      if (Error error = assembleBy(*search, options.dumpDir, settings.threads,
                                   result->program, report.times))
        return std::move(error);
    return std::move(result->program);
  };
  Expected<KernelCache::ProgramPtr> program =
      cache.get(key, variant.text(), compile, &report.origin);
  if (!program)
    return program.takeError();

  auto kernel = std::make_shared<CompiledKernel>();
  if (device->gpu) {
    auto loaded =
        CudaExecutor::create(std::move(*program), std::move(device->gpu));
    if (!loaded)
      return loaded.takeError();
    kernel->onGpu = std::move(*loaded);
    return KernelPtr(std::move(kernel));
  }
  kernel->threads = threads;
  if (device->emulated) {
    auto loaded = EmulatorExecutor::create(std::move(*program), *threads);
    if (!loaded)
      return loaded.takeError();
    kernel->emulated = std::move(*loaded);
    return KernelPtr(std::move(kernel));
  }
  Expected<std::unique_ptr<HostExecutor>> executor =
      HostExecutor::create(std::move(*program), *threads);
  if (!executor)
    return executor.takeError();
  kernel->executor = std::move(*executor);
  return KernelPtr(std::move(kernel));
}

} // namespace llsa::rt
