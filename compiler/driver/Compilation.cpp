//===- Compilation.cpp ------------------------------------------*- C++ -*-===//
#include "compiler/driver/Compilation.h"

#include "compiler/driver/Dump.h"
#include "compiler/driver/StageText.h"
#include "compiler/pipelines/Pipelines.h"
#include "compiler/pipelines/RegisterPasses.h"
#include "compiler/target/host/Translations.h"
#include "compiler/target/plan/EmitProgram.h"
#include "compiler/target/plan/Explain.h"
#include "dialects/Register.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/program/PtxKernels.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include <atomic>
#include <chrono>
#include <fmt/format.h>

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace llsa {

namespace {

const DialectRegistry &registry() {
  static const DialectRegistry *kRegistry = [] {
    auto *registry = new DialectRegistry();
    registerAllDialects(*registry);
    registerConversionsToLLVM(*registry);
    registerHostTranslations(*registry);
    registerGpuTranslations(*registry);
    return registry;
  }();
  return *kRegistry;
}

using BuildFunction = void (*)(OpPassManager &, const PipelineOptions &);

BuildFunction pipelineOf(Stage stage) {
  switch (stage) {
  case Stage::Bind:
    return buildBindPipeline;
  case Stage::LLSA:
    return buildLLSAPipeline;
  case Stage::Tile:
    return buildTilePipeline;
  case Stage::Vector:
    return buildVectorPipeline;
  case Stage::Staged:
    return buildStagedPipeline;
  case Stage::NVVM:
    return buildNVVMPipeline;
  case Stage::LLVM:
    return buildLLVMPipeline;
  default:
    llvm_unreachable("not a stage of MLIR");
  }
}

std::string variantName(StringRef fileName) {
  StringRef stem = llvm::sys::path::stem(fileName);
  return stem.empty() || fileName == "-" ? "variant" : stem.str();
}

/// "cpu:znver3" of "cpu:znver3:+avx2,…".
StringRef withoutFeatures(StringRef target) {
  return target.take_front(target.find(':', target.find(':') + 1));
}

/// From the tile stage on a text is for one kind of GPU, or for CPUs.
bool isTextFor(StringRef madeFor, StringRef target) {
  return madeFor == target ||
         (madeFor.starts_with("cpu") && target.starts_with("cpu"));
}

} // namespace

// One thread until there is a module for each kernel (splitModule): what comes
// before takes milliseconds.
Compilation::Compilation(StringRef name, const CompileOptions &options,
                         Stage last)
    : name(name), options(options), last(last),
      context(registry(), MLIRContext::Threading::DISABLED),
      diagnostics(context, name) {
  // An op in a message is its name; the whole module would bury the message.
  context.printOpOnDiagnostic(false);
}

Compilation::~Compilation() = default;

Error Compilation::fail(const llvm::Twine &message) const {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 name + ": error: " + message);
}

Error Compilation::fail(Error error) const {
  return fail(toString(std::move(error)));
}

//===----------------------------------------------------------------------===//
// Where to start
//===----------------------------------------------------------------------===//

Expected<CompileResult> Compilation::run(StringRef source,
                                         const KernelSpec &spec) {
  if (Error error = resolveTarget())
    return std::move(error);
  for (Stage stage : {last, options.startFrom.value_or(last)})
    if (!isOnTheWay(stage, isGpu))
      return fail("the stage '" + stageName(stage) + "' is not on the way to " +
                  result.program.target);
  if (last > Stage::Program)
    return fail("the stage '" + stageName(last) +
                "' is not the compiler's: an assembler makes it of PTX");
  if (options.startFrom && *options.startFrom >= Stage::Asm)
    return fail(
        "cannot start from the stage '" + stageName(*options.startFrom) +
        "'; expected one of bind, llsa, tile, " +
        StringRef(isGpu ? "staged, nvvm" : "vector") + ", llvm, llvmir");
  if (options.startFrom && last <= *options.startFrom)
    return fail("the stage '" + stageName(last) +
                "' to stop after does not come behind '" +
                stageName(*options.startFrom) + "', from which to start");

  if (options.startFrom == Stage::LLVMIR) {
    if (Error error = startFromLLVMIR(source))
      return std::move(error);
    if (Error error = checkSpec(spec))
      return std::move(error);
  } else if (Error error = start(source, spec)) {
    return std::move(error);
  }

  for (Stage stage : allStages()) {
    if (stage > last)
      break;
    if ((options.startFrom && stage <= *options.startFrom) ||
        !isOnTheWay(stage, isGpu))
      continue;
    auto begin = std::chrono::steady_clock::now();
    if (Error error = runStage(stage))
      return std::move(error);
    std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - begin;
    result.times.push_back({stage, time.count()});
    if (options.dumpDir.empty())
      continue;
    Expected<std::string> text = print(stage);
    if (!text)
      return text.takeError();
    if (Error error = dumpStage(options.dumpDir, stage, *text))
      return fail(std::move(error));
  }
  Expected<std::string> text = print(last);
  if (!text)
    return text.takeError();
  result.text = std::move(*text);
  return std::move(result);
}

Error Compilation::start(StringRef source, const KernelSpec &spec) {
  std::string plan;
  module = parseModule(source, name, context, plan);
  if (!module)
    return diagnostics.takeError("this is no MLIR module");
  if (!options.startFrom) {
    result.program.spec = spec;
    result.program.variant = variantName(name);
    writeHeader(*module, spec, result.program.variant);
    return Error::success();
  }

  Stage from = *options.startFrom;
  Expected<KernelSpec> own = readHeader(*module, result.program.variant);
  if (!own)
    return fail(own.takeError());
  result.program.spec = *own;
  if (Error error = checkSpec(spec))
    return error;
  if (from >= Stage::Vector || !plan.empty())
    if (Error error = takePlan(plan))
      return error;
  return readStage(from);
}

Error Compilation::startFromLLVMIR(StringRef source) {
  if (isGpu)
    return startFromGpuLLVMIR(source);
  if (Error error = createCodeGen())
    return error;
  auto parsed = codeGen->parseLLVMIR(source, name, *llvmContext);
  if (!parsed)
    return parsed.takeError();
  llvmModule = std::move(*parsed);
  return takePlan(readPlan(*llvmModule));
}

Error Compilation::startFromGpuLLVMIR(StringRef source) {
  auto parse = [&](GpuCode &code) -> Error {
    if (Error error = createCodeGen(code))
      return error;
    auto parsed = code.generator->parseLLVMIR(source, name, *code.context);
    if (!parsed)
      return parsed.takeError();
    code.module = std::move(*parsed);
    return Error::success();
  };
  GpuCode whole;
  if (Error error = parse(whole))
    return error;
  if (Error error = takePlan(readPlan(*whole.module)))
    return error;
  // Once more with the plan's spec, which the code generator goes by, and each
  // kernel on its own, as behind the stage before: labels and the order of
  // declarations follow what else is in a module.
  std::vector<std::string> names = kernelsOf(*whole.module);
  gpuCode.resize(std::max<size_t>(names.size(), 1));
  for (auto [i, code] : llvm::enumerate(gpuCode)) {
    if (Error error = parse(code))
      return error;
    if (!names.empty())
      keepKernel(*code.module, names[i]);
  }
  return Error::success();
}

Error Compilation::takePlan(StringRef plan) {
  if (plan.empty())
    return fail("the text holds no launch plan (llsa_program), as "
                "--stop-after prints it");
  Expected<Program> program = Program::fromJSON(plan);
  if (!program)
    return fail(program.takeError());
  if (!isTextFor(program->target, result.program.target))
    return fail("the target is " + withoutFeatures(result.program.target) +
                ", but the text was made for " +
                withoutFeatures(program->target));
  program->target = result.program.target; // as resolved
  result.program = std::move(*program);
  hasPlan = true;
  return Error::success();
}

Error Compilation::checkSpec(const KernelSpec &given) const {
  if (!options.startFrom || given.N == 0 || given == result.program.spec)
    return Error::success();
  return fail("the spec is " + given.str() + ", but the text was made for " +
              result.program.spec.str());
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

Error Compilation::runStage(Stage stage) {
  if (stage > Stage::LLVM)
    return runCodeGen(stage);
  if (Error error = runPasses(stage))
    return error;
  return readStage(stage);
}

Error Compilation::runPasses(Stage stage) {
  PipelineOptions pipeline;
  pipeline.spec = result.program.spec.str();
  pipeline.indices = result.program.spec.indices;
  pipeline.pass = toString(result.program.spec.pass).str();
  pipeline.lseGradient = result.program.spec.lseGradient;
  pipeline.tf32 = result.program.spec.tf32;
  pipeline.target = result.program.target;
  pipeline.gpu = isGpu;
  pipeline.bulkCopies = isGpu && gpuTarget.hasBulkCopies();
  pipeline.maxSharedBytes = isGpu ? gpuTarget.maxSharedBytes() : 0;
  pipeline.vectorBytes = target.vectorBits / 8;
  pipeline.vectorRegisters = target.vectorBits == 512 ? 32 : 16;
  auto build = [&](PassManager &pm) {
    pipelineOf(stage)(pm, pipeline);
    // Once behind the stage is enough here; llsa-opt verifies behind each pass.
    pm.enableVerifier(false);
  };
  if (isGpu && stage >= Stage::NVVM && module)
    splitModule();
  PassManager pm(&context, ModuleOp::getOperationName());
  build(pm);

  std::string reproducer = options.reproducerPath;
  if (reproducer.empty() && !options.dumpDir.empty()) {
    llvm::SmallString<128> path(options.dumpDir);
    llvm::sys::path::append(path, "reproducer.mlir");
    reproducer = path.str();
  }
  OwningOpRef<ModuleOp> before;
  if (!reproducer.empty())
    before =
        module ? OwningOpRef<ModuleOp>(module->clone()) : joinKernels(kernels);

  auto runOn = [](PassManager &passes, ModuleOp on) {
    return succeeded(passes.run(on)) && succeeded(verify(on));
  };
  std::atomic<bool> done = true;
  if (module) {
    done = runOn(pm, *module);
  } else {
    // Threads must find all dialects loaded.
    DialectRegistry needed;
    pm.getDependentDialects(needed);
    context.appendDialectRegistry(needed);
    for (StringRef dialect : needed.getDialectNames())
      context.getOrLoadDialect(dialect);
    parallelForEach(&context, kernels, [&](OwningOpRef<ModuleOp> &kernel) {
      PassManager own(&context, ModuleOp::getOperationName());
      build(own);
      if (!runOn(own, *kernel))
        done = false;
    });
  }
  if (done)
    return Error::success();
  Error error = diagnostics.takeError("the stage '" + stageName(stage) +
                                      "' failed and did not say why");
  if (!before)
    return error;
  makeReproducer(ModuleOp::getOperationName(), pm.getPasses(), *before,
                 reproducer, /*disableThreads=*/true);
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      toString(std::move(error)) +
          "\nnote: to reproduce: llsa-opt --run-reproducer " + reproducer);
}

void Compilation::splitModule() {
  kernels = splitKernels(std::move(module));
  unsigned most =
      llvm::hardware_concurrency(options.threads).compute_thread_count();
  unsigned useful = std::min<size_t>(most, kernels.size());
  if (useful < 2)
    return;
  threads =
      std::make_unique<llvm::StdThreadPool>(llvm::hardware_concurrency(useful));
  context.setThreadPool(*threads);
}

std::optional<LaneOptions> Compilation::laneOptions() const {
  if (!isGpu || options.sideLane == SideLane::Never)
    return std::nullopt;
  return options.sideLane == SideLane::Always ? LaneOptions::always()
                                              : LaneOptions();
}

Error Compilation::readStage(Stage stage) {
  if (stage == Stage::LLSA)
    launches = explainLaunches(*module);
  if (stage == Stage::NVVM)
    readKernels();
  if (stage != Stage::Tile)
    return Error::success();
  // A plan that came with the text brought its explanation, too.
  std::string explained = std::move(result.program.explain);
  Program &program = result.program;
  program.buffers.clear();
  program.kernels.clear();
  program.steps.clear();
  if (failed(emitPlan(*module, program, laneOptions())))
    return diagnostics.takeError("the module holds no launch plan");
  program.explain =
      hasPlan ? std::move(explained) : explainProgram(program, launches);
  hasPlan = true;
  if (Error error = program.verify())
    return fail(std::move(error));
  return Error::success();
}

Error Compilation::resolveTarget() {
  if (std::optional<GpuTarget> gpu = GpuTarget::parse(options.target)) {
    isGpu = true;
    gpuTarget = *gpu;
    result.program.target = gpuTarget.name;
    result.program.codeFormat = "ptx";
    return Error::success();
  }
  Expected<HostTarget> resolved = HostTarget::resolve(options.target);
  if (!resolved)
    return fail(resolved.takeError());
  target = std::move(*resolved);
  result.program.target = target.str();
  result.program.codeFormat = "elf";
  return Error::success();
}

Error Compilation::createCodeGen() {
  llvmContext = std::make_unique<llvm::LLVMContext>();
  Expected<HostCodeGen> generator = HostCodeGen::create(target);
  if (!generator)
    return fail(generator.takeError());
  codeGen = std::make_unique<HostCodeGen>(std::move(*generator));
  return Error::success();
}

Error Compilation::createCodeGen(GpuCode &code) const {
  code.context = std::make_unique<llvm::LLVMContext>();
  Expected<PtxCodeGen> generator =
      PtxCodeGen::create(gpuTarget, result.program.spec.pass == Pass::Backward);
  if (!generator)
    return fail(generator.takeError());
  code.generator = std::make_unique<PtxCodeGen>(std::move(*generator));
  return Error::success();
}

void Compilation::readKernels() {
  bool anyDependent = false;
  for (Kernel &kernel : result.program.kernels) {
    Operation *function = nullptr;
    for (OwningOpRef<ModuleOp> &module : kernels)
      if (Operation *found = module->lookupSymbol(kernel.name))
        function = found;
    if (!function)
      continue;
    if (auto bytes = function->getAttrOfType<IntegerAttr>("llsa.shared_bytes"))
      kernel.sharedBytes = bytes.getInt();
    kernel.persistent = function->hasAttr("llsa.persistent");
    // The first one follows whatever the caller did before.
    kernel.dependentLaunch = function->hasAttr("llsa.dependent_launch") &&
                             result.program.steps.front().kernel !=
                                 &kernel - result.program.kernels.data();
    anyDependent |= kernel.dependentLaunch;
    kernel.views.clear();
    if (auto views = function->getAttrOfType<ArrayAttr>("llsa.views"))
      for (auto view : views.getAsRange<DenseI64ArrayAttr>())
        kernel.views.push_back({view[0], view[1], view[2]});
  }
  // Such a kernel knows of the one launch in front of it alone.
  if (anyDependent)
    for (Step &step : result.program.steps) {
      step.lane = 0;
      step.after.clear();
    }
}

Error Compilation::runCodeGen(Stage stage) {
  if (stage == Stage::LLVMIR) {
    if (isGpu)
      return makeKernelsLLVMIR();
    if (Error error = createCodeGen())
      return error;
    auto made = codeGen->makeLLVMIR(*module, *llvmContext);
    if (!made)
      return diagnostics.takeError(toString(made.takeError()));
    llvmModule = std::move(*made);
    attachPlan(*llvmModule, result.program.toJSON());
    return Error::success();
  }
  // Assembly is text for readers: print() makes it when it is asked for.
  return stage == Stage::Program ? finishProgram() : Error::success();
}

Error Compilation::forEachKernel(size_t count,
                                 llvm::function_ref<Error(size_t)> work) {
  std::vector<std::string> messages(count);
  parallelFor(&context, 0, count, [&](size_t i) {
    if (Error error = work(i))
      messages[i] = toString(std::move(error));
  });
  for (std::string &message : messages)
    if (!message.empty())
      return diagnostics.takeError(message);
  return Error::success();
}

Error Compilation::makeKernelsLLVMIR() {
  if (module) // it began here
    splitModule();
  gpuCode.resize(kernels.size());
  return forEachKernel(kernels.size(), [&](size_t i) -> Error {
    GpuCode &code = gpuCode[i];
    if (Error error = createCodeGen(code))
      return error;
    auto made = code.generator->makeLLVMIR(*kernels[i], *code.context);
    if (!made)
      return made.takeError();
    code.module = std::move(*made);
    return Error::success();
  });
}

Expected<std::string> Compilation::emitPtx() {
  std::vector<std::string> texts(gpuCode.size());
  Error error = forEachKernel(gpuCode.size(), [&](size_t i) -> Error {
    Expected<std::string> ptx =
        gpuCode[i].generator->emitPtx(*gpuCode[i].module);
    if (!ptx)
      return ptx.takeError();
    texts[i] = std::move(*ptx);
    return Error::success();
  });
  if (error)
    return std::move(error);
  return joinPtxKernels(texts);
}

Error Compilation::finishProgram() {
  if (isGpu) {
    Expected<std::string> ptx = emitPtx();
    if (!ptx)
      return ptx.takeError();
    result.program.code = std::move(*ptx);
    if (Error error = result.program.verify())
      return fail(std::move(error));
    return Error::success();
  }
  Expected<HostObject> object = codeGen->emitObject(*llvmModule);
  if (!object)
    return fail(object.takeError());
  Program &program = result.program;
  program.code = std::move(object->bytes);
  for (Kernel &kernel : program.kernels) {
    // The entry and the body that it calls; a libm function may come on top.
    constexpr int64_t kLibm = 1024;
    kernel.stackBytes = object->stackBytes.lookup(kernel.name) +
                        object->stackBytes.lookup(kernel.name + ".items") +
                        kLibm;
  }
  if (Error error = program.verify())
    return fail(std::move(error));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

Expected<std::string> Compilation::print(Stage stage) {
  if (stage <= Stage::LLVM) {
    std::string plan = hasPlan ? result.program.toJSON() : "";
    return module ? printModule(*module, plan, options.locations)
                  : printModule(*joinKernels(kernels), plan, options.locations);
  }
  if (stage == Stage::LLVMIR && isGpu)
    return printGpuLLVMIR();
  if (stage == Stage::LLVMIR)
    return printModule(*llvmModule);
  if (stage == Stage::Program)
    return result.program.toJSON();
  if (isGpu)
    return emitPtx();
  Expected<std::string> text = codeGen->emitAssembly(*llvmModule);
  if (!text)
    return fail(text.takeError());
  return text;
}

std::string Compilation::printGpuLLVMIR() const {
  llvm::LLVMContext own;
  std::vector<const llvm::Module *> modules;
  for (const GpuCode &code : gpuCode)
    modules.push_back(code.module.get());
  std::unique_ptr<llvm::Module> joined = joinKernels(modules, own);
  attachPlan(*joined, result.program.toJSON());
  return printModule(*joined);
}

} // namespace llsa
