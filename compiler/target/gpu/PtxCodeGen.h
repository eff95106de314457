//===- PtxCodeGen.h - LLVM dialect to PTX -----------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_GPU_PTXCODEGEN_H
#define LLSA_COMPILER_TARGET_GPU_PTXCODEGEN_H

#include "compiler/target/gpu/GpuTarget.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm
namespace mlir {
class DialectRegistry;
class Operation;
} // namespace mlir

namespace llsa {

/// LLVM's part of the way for a GPU: from the LLVM and NVVM dialects to PTX.
class PtxCodeGen {
public:
  /// `gradients`: kernels of a backward, which lack registers.
  static llvm::Expected<PtxCodeGen> create(const GpuTarget &target,
                                           bool gradients);
  PtxCodeGen(PtxCodeGen &&);
  ~PtxCodeGen();

  /// LLVM and NVVM dialect to LLVM IR, optimised for the target.
  llvm::Expected<std::unique_ptr<llvm::Module>>
  makeLLVMIR(mlir::Operation *module, llvm::LLVMContext &context) const;
  /// Reads optimised LLVM IR back from text.
  llvm::Expected<std::unique_ptr<llvm::Module>>
  parseLLVMIR(llvm::StringRef text, llvm::StringRef name,
              llvm::LLVMContext &context) const;
  /// PTX text; `module` stays as it is.
  llvm::Expected<std::string> emitPtx(const llvm::Module &module) const;

private:
  PtxCodeGen(GpuTarget target, std::unique_ptr<llvm::TargetMachine> machine,
             bool gradients);
  void setTarget(llvm::Module &module) const;

  GpuTarget target;
  std::unique_ptr<llvm::TargetMachine> machine;
  bool gradients;
};

/// What PtxCodeGen::makeLLVMIR needs in the context of its module.
void registerGpuTranslations(mlir::DialectRegistry &registry);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_GPU_PTXCODEGEN_H
