//===- CodeGenSupport.cpp - LLVM's passes and their reports ---------------===//

#include "compiler/target/host/CodeGenSupport.h"

#include "compiler/target/host/FatalErrorGuard.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace llsa {

struct DiagnosticCollector::Handler : DiagnosticHandler {
  explicit Handler(DiagnosticCollector &owner) : owner(owner) {}
  bool handleDiagnostics(const DiagnosticInfo &info) override {
    owner.handle(info);
    return true;
  }
  DiagnosticCollector &owner;
};

DiagnosticCollector::DiagnosticCollector(LLVMContext &context)
    : context(context), old(context.getDiagnosticHandler()) {
  context.setDiagnosticHandler(std::make_unique<Handler>(*this));
}
DiagnosticCollector::~DiagnosticCollector() {
  context.setDiagnosticHandler(std::move(old));
}

Error DiagnosticCollector::takeError() {
  if (errors.empty())
    return Error::success();
  return createStringError(inconvertibleErrorCode(), errors);
}

void DiagnosticCollector::handle(const DiagnosticInfo &info) {
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

Error optimiseModule(TargetMachine &machine, Module &module, StringRef passes) {
  return runGuarded([&]() -> Error {
    PassBuilder builder(&machine);
    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager sccs;
    ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
    ModulePassManager pipeline;
    if (Error error = builder.parsePassPipeline(pipeline, passes))
      return error;
    pipeline.run(module, modules);
    return Error::success();
  });
}

/// The text with empty lines in place of "uselistorder" and its kind.
static std::string withoutUseListOrders(StringRef text) {
  std::string result;
  for (StringRef line : split(text, '\n'))
    result +=
        (line.ltrim().starts_with("uselistorder") ? "" : line.str()) + '\n';
  return result;
}

Expected<std::unique_ptr<Module>>
parseModuleText(StringRef text, StringRef name, LLVMContext &context) {
  SMDiagnostic problem;
  std::unique_ptr<Module> module =
      parseAssembly(MemoryBufferRef(text, name), problem, context);
  // An edit may leave orders that fit no more, and other uses have no order to
  // restore.
  if (!module) {
    std::string plain = withoutUseListOrders(text);
    module = parseAssembly(MemoryBufferRef(plain, name), problem, context);
  }
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
  return module;
}

Expected<std::string> generateCode(TargetMachine &machine, Module &module,
                                   CodeGenFileType file,
                                   DiagnosticCollector &diagnostics) {
  SmallVector<char, 0> buffer;
  Error error = runGuarded([&]() -> Error {
    raw_svector_ostream os(buffer);
    legacy::PassManager passes;
    // Whoever made the module has verified it.
    if (machine.addPassesToEmitFile(passes, os, nullptr, file,
                                    /*DisableVerify=*/true))
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

} // namespace llsa
