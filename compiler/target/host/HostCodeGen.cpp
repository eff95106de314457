//===- HostCodeGen.cpp ------------------------------------------*- C++ -*-===//
#include "compiler/target/host/HostCodeGen.h"

#include "compiler/target/host/CodeGenSupport.h"
#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace llsa {

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
  // What of -O2 changes a kernel, in its order. The code is vectors and
  // register tiles already, in one function whose loops stay: -O2 looks at it
  // eight times for nothing, and run times are the same to what was measured.
  constexpr StringLiteral kPasses =
      "function("
      "sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
      "reassociate,loop-mssa(loop-rotate,licm),gvn,bdce,"
      "instcombine<no-verify-fixpoint>,adce,simplifycfg)";
  return optimiseModule(*machine, module, kPasses);
}

Expected<std::unique_ptr<Module>>
HostCodeGen::parseLLVMIR(StringRef text, StringRef name,
                         LLVMContext &context) const {
  auto module = parseModuleText(text, name, context);
  if (module)
    setTarget(**module);
  return module;
}

Expected<std::string> HostCodeGen::emitAssembly(const Module &module) const {
  std::unique_ptr<Module> copy = CloneModule(module);
  DiagnosticCollector diagnostics(copy->getContext());
  return generateCode(*machine, *copy, CodeGenFileType::AssemblyFile,
                      diagnostics);
}

Expected<HostObject> HostCodeGen::emitObject(Module &module) const {
  DiagnosticCollector diagnostics(module.getContext());
  auto bytes =
      generateCode(*machine, module, CodeGenFileType::ObjectFile, diagnostics);
  if (!bytes)
    return bytes.takeError();
  return HostObject{std::move(*bytes), std::move(diagnostics.stackBytes)};
}

} // namespace llsa
