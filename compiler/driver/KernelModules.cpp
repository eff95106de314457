//===- KernelModules.cpp - a module for each kernel -------------*- C++ -*-===//
#include "compiler/driver/KernelModules.h"

#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace llsa {

static bool isKernel(Operation &op) {
  if (isa<tile::KernelOp>(op))
    return true;
  auto function = dyn_cast<FunctionOpInterface>(op);
  return function && !function.isExternal();
}

/// Whether an op may be called by kernels, so that they are not on their own.
static bool isHelper(Operation &op) {
  return isKernel(op) && !isa<tile::KernelOp>(op) &&
         !op.hasAttr("llsa.threads") && !op.hasAttr("nvvm.kernel");
}

static bool isHost(Operation &op) {
  auto function = dyn_cast<func::FuncOp>(op);
  return function && !function.getOps<tile::LaunchOp>().empty();
}

static OwningOpRef<ModuleOp> emptyLike(ModuleOp module) {
  OwningOpRef<ModuleOp> result = ModuleOp::create(module.getLoc());
  (*result)->setAttrs(module->getAttrDictionary());
  return result;
}

KernelModules splitKernels(OwningOpRef<ModuleOp> module) {
  SmallVector<Operation *> kernels, others;
  for (Operation &op : *module->getBody())
    if (!isHost(op))
      (isKernel(op) ? kernels : others).push_back(&op);
  KernelModules modules;
  if (kernels.empty() ||
      llvm::any_of(kernels, [](Operation *op) { return isHelper(*op); })) {
    modules.push_back(std::move(module));
    return modules;
  }
  for (Operation *kernel : kernels) {
    OwningOpRef<ModuleOp> own = emptyLike(*module);
    for (Operation *other : others)
      own->push_back(other->clone());
    kernel->remove();
    own->push_back(kernel);
    modules.push_back(std::move(own));
  }
  return modules;
}

OwningOpRef<ModuleOp> joinKernels(const KernelModules &modules) {
  OwningOpRef<ModuleOp> joined = emptyLike(*modules.front());
  llvm::StringSet<> declared;
  auto isNew = [&](Operation &op) {
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    return symbol ? declared.insert(symbol.getName()).second
                  : op.getParentOp() == *modules.front();
  };
  for (bool kernels : {false, true})
    for (const OwningOpRef<ModuleOp> &module : modules)
      for (Operation &op : *(*module).getBody())
        if (isKernel(op) == kernels && (kernels || isNew(op)))
          joined->push_back(op.clone());
  return joined;
}

std::unique_ptr<llvm::Module>
joinKernels(llvm::ArrayRef<const llvm::Module *> modules,
            llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> joined;
  for (const llvm::Module *module : modules) {
    llvm::SmallVector<char, 0> bitcode;
    llvm::raw_svector_ostream os(bitcode);
    llvm::WriteBitcodeToFile(*module, os,
                             /*ShouldPreserveUseListOrder=*/true);
    std::unique_ptr<llvm::Module> copy = cantFail(
        llvm::parseBitcodeFile({llvm::StringRef(bitcode.data(), bitcode.size()),
                                module->getModuleIdentifier()},
                               context));
    if (!joined)
      joined = std::move(copy);
    else if (llvm::Linker::linkModules(*joined, std::move(copy)))
      llvm_unreachable("kernels have names of their own");
  }
  return joined;
}

std::vector<std::string> kernelsOf(const llvm::Module &module) {
  std::vector<std::string> kernels;
  for (const llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (function.getCallingConv() != llvm::CallingConv::PTX_Kernel)
      return {};
    kernels.push_back(function.getName().str());
  }
  return kernels;
}

void keepKernel(llvm::Module &module, llvm::StringRef kernel) {
  for (llvm::Function &function : module)
    if (function.getName() != kernel)
      function.deleteBody();
  for (llvm::Function &function : llvm::make_early_inc_range(module))
    if (function.isDeclaration() && function.use_empty())
      function.eraseFromParent();
  for (llvm::GlobalVariable &global :
       llvm::make_early_inc_range(module.globals()))
    if (global.use_empty())
      global.eraseFromParent();
}

} // namespace llsa
