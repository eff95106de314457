//===- PtxCodeGen.cpp - LLVM dialect to PTX -------------------------------===//

#include "compiler/target/gpu/PtxCodeGen.h"

#include "compiler/target/host/CodeGenSupport.h"
#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/OptBisect.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <mutex>

using namespace llvm;

namespace llsa {

namespace {

/// Old enough for the drivers in use, new enough for all that we emit; LLVM
/// would take the oldest that the chip knows.
constexpr StringLiteral kPtxVersion = "+ptx88";

/// What of -O2 changes a kernel, in its order. -O2 looks at each function eight
/// times, in case calls were inlined or loops unrolled meanwhile; a kernel is
/// one function whose loops stay. The machine code is the same to a few
/// instructions, in a third of the time.
constexpr StringLiteral kPasses =
    "function("
    "sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "correlated-propagation,simplifycfg,reassociate,"
    "loop-mssa(loop-rotate,licm),loop(indvars),"
    "gvn,sccp,bdce,instcombine<no-verify-fixpoint>,"
    "correlated-propagation,adce,simplifycfg)";

/// Leaves out what takes a third of the code generator's time and changes
/// no kernel by more than a few instructions. (Gradients of keys would spill
/// some bytes more, so a backward runs half of it.) Where threads compute
/// addresses of copies it leaves out, too, what makes a variable that a loop
/// carries of each: 16 pointers in a key gradient of 128 columns. (LLVM tells
/// loop passes by another name than it calls the others by.)
struct PassGate : OptPassGate {
  PassGate(const GpuTarget &target, bool gradients) {
    skipped = {"nary-reassociate", "codegenprepare"};
    if (!gradients)
      skipped.append({"slsr", "early-cse"});
    if (!target.hasBulkCopies())
      skipped.push_back("Loop Strength Reduction");
  }
  bool isEnabled() const override { return true; }
  bool shouldRunPass(StringRef pass, StringRef) const override {
    return !is_contained(skipped, pass);
  }
  SmallVector<StringRef> skipped;
};

} // namespace

PtxCodeGen::PtxCodeGen(GpuTarget target, std::unique_ptr<TargetMachine> machine,
                       bool gradients)
    : target(std::move(target)), machine(std::move(machine)),
      gradients(gradients) {}
PtxCodeGen::PtxCodeGen(PtxCodeGen &&) = default;
PtxCodeGen::~PtxCodeGen() = default;

Expected<PtxCodeGen> PtxCodeGen::create(const GpuTarget &target,
                                        bool gradients) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return createStringError(inconvertibleErrorCode(),
                             "no code generator for GPUs: " + error);
  std::unique_ptr<TargetMachine> machine(found->createTargetMachine(
      triple, target.name, kPtxVersion, TargetOptions(), Reloc::PIC_,
      std::nullopt, CodeGenOptLevel::Default));
  if (!machine)
    return createStringError(inconvertibleErrorCode(),
                             "no code generator for " + target.name);
  return PtxCodeGen(target, std::move(machine), gradients);
}

void PtxCodeGen::setTarget(Module &module) const {
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
}

Expected<std::unique_ptr<Module>>
PtxCodeGen::makeLLVMIR(mlir::Operation *source, LLVMContext &context) const {
  DiagnosticCollector diagnostics(context);
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(source, context, "llsa");
  if (!module)
    return joinErrors(diagnostics.takeError(),
                      createStringError(inconvertibleErrorCode(),
                                        "translation to LLVM IR failed"));
  setTarget(*module);
  if (Error error = optimiseModule(*machine, *module, kPasses))
    return joinErrors(diagnostics.takeError(), std::move(error));
  if (Error error = diagnostics.takeError())
    return std::move(error);
  return module;
}

Expected<std::unique_ptr<Module>>
PtxCodeGen::parseLLVMIR(StringRef text, StringRef name,
                        LLVMContext &context) const {
  auto module = parseModuleText(text, name, context);
  if (module)
    setTarget(**module);
  return module;
}

Expected<std::string> PtxCodeGen::emitPtx(const Module &module) const {
  std::unique_ptr<Module> copy = CloneModule(module);
  PassGate gate(target, gradients);
  copy->getContext().setOptPassGate(gate);
  scope_exit restore(
      [&] { copy->getContext().setOptPassGate(getGlobalPassGate()); });
  DiagnosticCollector diagnostics(copy->getContext());
  return generateCode(*machine, *copy, CodeGenFileType::AssemblyFile,
                      diagnostics);
}

} // namespace llsa
