//===- KernelModules.h - a module for each kernel ---------------*- C++ -*-===//
//
// Behind the staged stage kernels have nothing to do with each other. So each
// becomes a module of its own, and they are compiled at the same time. What is
// printed is one module again.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_DRIVER_KERNELMODULES_H
#define LLSA_COMPILER_DRIVER_KERNELMODULES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace llsa {

using KernelModules = std::vector<mlir::OwningOpRef<mlir::ModuleOp>>;

/// Takes `module` apart: for each kernel (a tile.kernel, or a function with a
/// body), in order, a module with its attributes, all declarations, and that
/// kernel. The host's list of launches goes. A module with another function
/// that kernels may call, or without kernels, stays whole.
KernelModules splitKernels(mlir::OwningOpRef<mlir::ModuleOp> module);

/// A copy of all of them as one module: declarations once, then the kernels.
mlir::OwningOpRef<mlir::ModuleOp> joinKernels(const KernelModules &modules);

/// The same for LLVM's modules, whose contexts may differ.
std::unique_ptr<llvm::Module>
joinKernels(llvm::ArrayRef<const llvm::Module *> modules,
            llvm::LLVMContext &context);

/// The kernels of such a module; none if it has another function that they may
/// call, so that it stays whole.
std::vector<std::string> kernelsOf(const llvm::Module &module);
/// Leaves in `module` this kernel and what it uses.
void keepKernel(llvm::Module &module, llvm::StringRef kernel);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_KERNELMODULES_H
