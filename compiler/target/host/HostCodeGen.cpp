//===- HostCodeGen.cpp ------------------------------------------*- C++ -*-===//
#include "compiler/target/host/HostCodeGen.h"

#include "compiler/target/host/FatalErrorGuard.h"
#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace llsa {

namespace {

/// Hears what LLVM reports while it lives: errors as text, and the sizes of
/// stack frames, which the attribute "warn-stack-size" asks for.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(LLVMContext &context)
      : context(context), old(context.getDiagnosticHandler()) {
    context.setDiagnosticHandler(std::make_unique<Handler>(*this));
  }
  ~DiagnosticCollector() { context.setDiagnosticHandler(std::move(old)); }

  Error takeError() {
    if (errors.empty())
      return Error::success();
    return createStringError(inconvertibleErrorCode(), errors);
  }

  StringMap<int64_t> stackBytes;

private:
  struct Handler : DiagnosticHandler {
    explicit Handler(DiagnosticCollector &owner) : owner(owner) {}
    bool handleDiagnostics(const DiagnosticInfo &info) override {
      owner.handle(info);
      return true;
    }
    DiagnosticCollector &owner;
  };

  void handle(const DiagnosticInfo &info) {
    if (auto *stack = dyn_cast<DiagnosticInfoStackSize>(&info)) {
      stackBytes[stack->getFunction().getName()] = stack->getStackSize();
      return;
    }
    if (info.getSeverity() != DS_Error)
      return;
    raw_string_ostream os(errors);
    if (!errors.empty())
      os << '\n';
    DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
  }

  LLVMContext &context;
  std::unique_ptr<DiagnosticHandler> old;
  std::string errors;
};

/// Code generation into `file`'s text.
Expected<std::string> generate(TargetMachine &machine, Module &module,
                               CodeGenFileType file,
                               DiagnosticCollector &diagnostics) {
  SmallVector<char, 0> buffer;
  Error error = runGuarded([&]() -> Error {
    raw_svector_ostream os(buffer);
    legacy::PassManager passes;
    if (machine.addPassesToEmitFile(passes, os, nullptr, file))
      return createStringError(inconvertibleErrorCode(),
                               "the target cannot emit this kind of file");
    passes.run(module);
    return Error::success();
  });
  if (error)
    return joinErrors(diagnostics.takeError(), std::move(error));
  if (Error reported = diagnostics.takeError())
    return std::move(reported);
  return std::string(buffer.begin(), buffer.end());
}

} // namespace

HostCodeGen::HostCodeGen(HostTarget target,
                         std::unique_ptr<TargetMachine> machine)
    : target(std::move(target)), machine(std::move(machine)) {}
HostCodeGen::HostCodeGen(HostCodeGen &&) = default;
HostCodeGen::~HostCodeGen() = default;

Expected<HostCodeGen> HostCodeGen::create(const HostTarget &target) {
  auto machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  return HostCodeGen(target, std::move(*machine));
}

void HostCodeGen::setTarget(Module &module) const {
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  std::string width = std::to_string(target.vectorBits);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("target-features", target.features);
    // The full width, also on processors where LLVM would halve it.
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("warn-stack-size", "0");
    function.addFnAttr(Attribute::NoUnwind);
    // Guard pages are touched in order: frames of tiles may exceed a page.
    function.addFnAttr("probe-stack", "inline-asm");
  }
}

Expected<std::unique_ptr<Module>>
HostCodeGen::makeLLVMIR(mlir::Operation *source, LLVMContext &context) const {
  DiagnosticCollector diagnostics(context);
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(source, context, "llsa");
  if (!module)
    return joinErrors(diagnostics.takeError(),
                      createStringError(inconvertibleErrorCode(),
                                        "translation to LLVM IR failed"));
  setTarget(*module);
  if (Error error = optimise(*module))
    return joinErrors(diagnostics.takeError(), std::move(error));
  if (Error error = diagnostics.takeError())
    return std::move(error);
  return module;
}

Error HostCodeGen::optimise(Module &module) const {
  return runGuarded([&]() -> Error {
    // The code is vectors and register tiles already. Unrolling its loops of
    // known length, or vectorising what little is scalar, costs seconds of
    // compile time and gains nothing that was measured.
    PipelineTuningOptions tuning;
    tuning.LoopUnrolling = false;
    tuning.LoopVectorization = false;
    tuning.SLPVectorization = false;
    PassBuilder builder(machine.get(), tuning);
    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager sccs;
    ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
    builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
        .run(module, modules);
    return Error::success();
  });
}

Expected<std::unique_ptr<Module>>
HostCodeGen::parseLLVMIR(StringRef text, StringRef name,
                         LLVMContext &context) const {
  SMDiagnostic problem;
  std::unique_ptr<Module> module =
      parseAssembly(MemoryBufferRef(text, name), problem, context);
  std::string message;
  raw_string_ostream os(message);
  if (!module) {
    problem.print("", os, /*ShowColors=*/false);
    return createStringError(inconvertibleErrorCode(),
                             StringRef(message).trim());
  }
  if (verifyModule(*module, &os))
    return createStringError(inconvertibleErrorCode(), "%s: %s",
                             name.str().c_str(), message.c_str());
  setTarget(*module);
  return module;
}

Expected<std::string> HostCodeGen::emitAssembly(const Module &module) const {
  std::unique_ptr<Module> copy = CloneModule(module);
  DiagnosticCollector diagnostics(copy->getContext());
  return generate(*machine, *copy, CodeGenFileType::AssemblyFile, diagnostics);
}

Expected<HostObject> HostCodeGen::emitObject(Module &module) const {
  DiagnosticCollector diagnostics(module.getContext());
  auto bytes =
      generate(*machine, module, CodeGenFileType::ObjectFile, diagnostics);
  if (!bytes)
    return bytes.takeError();
  return HostObject{std::move(*bytes), std::move(diagnostics.stackBytes)};
}

} // namespace llsa
