//===- Translations.cpp - which dialects become LLVM IR for a GPU ---------===//

#include "compiler/target/gpu/PtxCodeGen.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

void llsa::registerGpuTranslations(mlir::DialectRegistry &registry) {
  mlir::registerNVVMDialectTranslation(registry);
}
