//===- RegisterLLVM.cpp - the LLVM dialect ------------------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerLLVMDialect(DialectRegistry &registry) {
  registry.insert<LLVM::LLVMDialect>();
}
